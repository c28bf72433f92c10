// Generated from schemas/config.schema.json by `npm run generate`. Do not edit.

/**
 * /etc/eit/eit.yaml. Every key may be left out; the defaults stand here.
 */
export interface EitConfig {
  /**
   * Name of the cluster; without it SLURM_CLUSTER_NAME of the hooks.
   */
  cluster?: string;
  /**
   * Folder on shared storage.
   */
  ledger: string;
  /**
   * Runtime folder of this host: hooks' events, the agent's lock and log. The hooks read this one key too: keep it a plain one-line scalar.
   */
  state_dir: string;
  /**
   * Folder of this host that outlives a reboot: the agent's checkpoint.
   */
  var_dir: string;
  /**
   * Folder of this host where records wait for the shared storage.
   */
  spool_dir: string;
  /**
   * How large the spool may grow (MB, 10^6 bytes). Beyond that what has been carried over goes first, then series, then the hosts' context, and energy last.
   */
  spool_max_mb: number;
  /**
   * User whom the shipper runs as: the only one who has to be able to write the ledger. Without it the agent's.
   */
  ledger_user?: string;
  /**
   * Who starts the shipper: agent, or unit, a systemd unit of its own.
   */
  shipper: 'agent' | 'unit';
  /**
   * Users who see every run; without it root and SlurmUser.
   */
  admins?: string[];
  /**
   * Who may read the ledger: `private` lets each user read his own runs, coordinators the totals of their accounts, admins all; `open` lets everybody who may read the ledger's folder read all that was compacted.
   */
  privacy: 'private' | 'open';
  /**
   * Account to the users who may read its totals.
   */
  coordinators: {
    [k: string]: string[];
  };
  /**
   * How a domain's energy is divided in reports: usage, allocation or hybrid.
   */
  policy: 'usage' | 'allocation' | 'hybrid';
  agent: {
    /**
     * Time between two readings.
     */
    interval_seconds: number;
    /**
     * Time between two readings while somebody looks at `eit top`; 0: it shows nothing.
     */
    live_seconds: number;
    /**
     * Time that one record covers, aligned to the clock.
     */
    record_seconds: number;
    /**
     * How long an agent that a hook started stays after the last run.
     */
    linger_seconds: number;
    /**
     * How many programs a run's record names, with their CPU seconds; 0: none. Names alone, no arguments.
     */
    top_processes: number;
    /**
     * Folder of Prometheus' node_exporter (its --collector.textfile.directory), on a disk of this host: the agent keeps eit.prom there, with figures of the host and of no job. Without it none are written.
     */
    textfile_dir?: string;
  };
  roots: {
    sys: string;
    proc: string;
    cgroup: string;
  };
  /**
   * Program that reads NVIDIA GPUs.
   */
  nvidia_smi: string;
  gpu: {
    /**
     * How NVIDIA GPUs are read: `auto` takes the energy counters of NVML where its library is there, else nvidia-smi; `none` reads none.
     */
    nvidia: 'auto' | 'nvml' | 'nvidia-smi' | 'none';
    /**
     * NVML's library where it is not among the system's libraries.
     */
    nvml_library?: string;
    /**
     * Time between two readings of NVIDIA GPUs. No multiple of a second, so that work that repeats each second is not always met at the same moment; less than a second, over which many cards average their power.
     */
    interval_ms: number;
    /**
     * What an index in SLURM_JOB_GPUS counts: `nvml`, the order of nvidia-smi (gres.conf with AutoDetect=nvml); `minor`, N of /dev/nvidiaN (gres.conf with File=/dev/nvidia[0-7]); `map`, the list gpu.map.
     */
    order: 'nvml' | 'minor' | 'map';
    /**
     * With order: map, the UUID or PCI bus id of the GPU with index 0, 1, ...
     *
     * @maxItems 128
     */
    map: string[];
    /**
     * `jobs`: GPUs are read while a job with GPUs runs, and left alone else, so that they can be reset and the driver be changed. `always`: also else; for nodes whose GPUs Slurm does not hand out.
     */
    watch: 'jobs' | 'always';
  };
  bmc: {
    /**
     * Program that asks the management controller (BMC) for the node's power: `auto` finds ipmi-dcmi or ipmitool where the kernel shows a controller, `none` asks nobody.
     */
    program: string;
    /**
     * Time from one question to the next; controllers are slow.
     */
    interval_seconds: number;
    /**
     * How long an answer may take before the program is killed.
     */
    timeout_seconds: number;
  };
  site: SiteConfig;
  /**
   * Cluster name to what differs from `site` there.
   */
  clusters: {
    [k: string]: SiteConfig1;
  };
  /**
   * Of the price; `site.currency` is the same.
   */
  currency: string;
  keep: KeepConfig;
  /**
   * What users, accounts, partitions or QOS may use in a time: docs/quotas.md.
   *
   * @maxItems 64
   */
  quotas: QuotaConfig[];
  /**
   * Another file with the key `quotas` alone, so that quotas change without this one.
   */
  quotas_file?: string;
  /**
   * Folder of one host, where `eit quota refresh` leaves the state of the quotas. `eit quota check` reads this one key by itself: keep it a plain one-line scalar.
   */
  quota_dir: string;
  /**
   * Folder of the controller where `eit-mail` leaves the mails of jobs for `eit mail spool`. The shell reads this one key by itself: keep it a plain one-line scalar.
   */
  mail_dir: string;
  /**
   * The program that sent the mails of jobs before `eit-mail`; it sends them plain where the spooler cannot. The shell reads this one too. Without it /usr/bin/mail, else /bin/mail.
   */
  next_mailprog?: string;
  mail: MailConfig;
  /**
   * Folder of the ledger's owner, in which `eit publish` writes HTML pages: docs/pages.md.
   */
  publish_dir?: string;
  /**
   * Length of the archive's slots of time, in which energy is added up, at most: 30 for a zone whose series of intensity is of half hours. It holds from the first compaction of a cluster on.
   */
  slot_minutes: 5 | 15 | 30 | 60;
  /**
   * Folder of the intensity series, readable by everybody; without it `_intensity` in the ledger's folder.
   */
  intensity_dir?: string;
  /**
   * Which series `eit intensity fetch` brings, from whom: docs/intensity.md.
   *
   * @maxItems 200
   */
  intensity: IntensitySourceConfig[];
  /**
   * Zone of the days and months of quotas, an IANA name; without it that of the machine.
   */
  time_zone?: string;
  slurm: {
    /**
     * Whether `eit sacct-comment` may write energy, CO2e and coverage into AdminComment of jobs.
     */
    sacct_comment: boolean;
    compact: SbatchConfig;
    report: SbatchConfig1;
  };
}
export interface SiteConfig {
  /**
   * Zone of the electricity grid, as in data/zones (DE, US-CAL-CISO, ...).
   */
  zone?: string;
  /**
   * Latitude of the site in degrees, north positive; with `lon` in place of `zone`.
   */
  lat?: number;
  /**
   * Longitude of the site in degrees, east positive.
   */
  lon?: number;
  /**
   * Region of a cloud, in place of `zone`; `eit regions` lists them.
   */
  cloud?: string;
  /**
   * Whose emissions count: those of the plants' and fuels' whole life, or those of burning alone.
   */
  intensity_basis?: 'lifecycle' | 'direct';
  /**
   * ISO 3166 alpha-3; follows from the zone where not given.
   */
  country?: string;
  /**
   * Power usage effectiveness of the building.
   */
  pue?: number;
  /**
   * Factor for what no counter of the node sees (board, fans, power supply): 1.2 adds a fifth, as `other`, modelled.
   */
  node_overhead?: number;
  /**
   * CSV file with the PUE by time (docs/factors.md); `pue` is not used then.
   */
  pue_file?: string;
  /**
   * What a kilowatt-hour costs, in `currency`: for costs in reports and quotas in money.
   */
  price?: number;
  /**
   * Another name of `price`.
   */
  price_per_kwh?: number;
  /**
   * CSV file with the price by time (docs/factors.md); `price` is not used then.
   */
  price_file?: string;
  /**
   * Of the price; the same on all clusters. Without it the key `currency` beside `site`.
   */
  currency?: string;
  /**
   * Water usage effectiveness: litres of water a kilowatt-hour of IT energy, before PUE.
   */
  wue?: number;
  /**
   * gCO2eq/kWh of the electricity that the site has a contract for (GHG Protocol scope 2, market-based): shown beside CO2e, which is location-based.
   */
  market_g_per_kwh?: number;
  embodied?: EmbodiedConfig;
}
/**
 * What making the machines emitted (docs/factors.md): for eit-report --embodied, never in CO2e.
 */
export interface EmbodiedConfig {
  /**
   * Over which it is spread. Without it 5.
   */
  lifetime_years?: number;
  /**
   * What a node emitted without its GPUs, by names or by CPU model; the first that fits holds.
   *
   * @maxItems 256
   */
  node_classes?: NodeClassConfig[];
  /**
   * What a GPU emitted, by model; the first that fits holds.
   *
   * @maxItems 256
   */
  gpus?: GpuClassConfig[];
}
export interface NodeClassConfig {
  /**
   * Names as Slurm writes them, gpu[1-8], or with *.
   */
  nodes?: string;
  /**
   * Model of the CPUs, with * for any characters.
   */
  cpu_model?: string;
  /**
   * kgCO2eq.
   */
  kg: number;
  /**
   * Where it is another.
   */
  lifetime_years?: number;
}
export interface GpuClassConfig {
  /**
   * Model, with * for any characters.
   */
  model: string;
  /**
   * kgCO2eq.
   */
  kg: number;
  /**
   * Where it is another.
   */
  lifetime_years?: number;
}
export interface SiteConfig1 {
  /**
   * Zone of the electricity grid, as in data/zones (DE, US-CAL-CISO, ...).
   */
  zone?: string;
  /**
   * Latitude of the site in degrees, north positive; with `lon` in place of `zone`.
   */
  lat?: number;
  /**
   * Longitude of the site in degrees, east positive.
   */
  lon?: number;
  /**
   * Region of a cloud, in place of `zone`; `eit regions` lists them.
   */
  cloud?: string;
  /**
   * Whose emissions count: those of the plants' and fuels' whole life, or those of burning alone.
   */
  intensity_basis?: 'lifecycle' | 'direct';
  /**
   * ISO 3166 alpha-3; follows from the zone where not given.
   */
  country?: string;
  /**
   * Power usage effectiveness of the building.
   */
  pue?: number;
  /**
   * Factor for what no counter of the node sees (board, fans, power supply): 1.2 adds a fifth, as `other`, modelled.
   */
  node_overhead?: number;
  /**
   * CSV file with the PUE by time (docs/factors.md); `pue` is not used then.
   */
  pue_file?: string;
  /**
   * What a kilowatt-hour costs, in `currency`: for costs in reports and quotas in money.
   */
  price?: number;
  /**
   * Another name of `price`.
   */
  price_per_kwh?: number;
  /**
   * CSV file with the price by time (docs/factors.md); `price` is not used then.
   */
  price_file?: string;
  /**
   * Of the price; the same on all clusters. Without it the key `currency` beside `site`.
   */
  currency?: string;
  /**
   * Water usage effectiveness: litres of water a kilowatt-hour of IT energy, before PUE.
   */
  wue?: number;
  /**
   * gCO2eq/kWh of the electricity that the site has a contract for (GHG Protocol scope 2, market-based): shown beside CO2e, which is location-based.
   */
  market_g_per_kwh?: number;
  embodied?: EmbodiedConfig;
}
/**
 * How long the ledger keeps what, as `eit ledger prune` sees to it: docs/retention.md.
 */
export interface KeepConfig {
  /**
   * Days that the curves of runs (power over time) are kept.
   */
  series_days: number;
  /**
   * Whole months after which nothing but monthly totals by user, account and partition is kept; without it never.
   */
  energy_months?: number;
  /**
   * Whole months after which users are known by pseudonyms only; without it never.
   */
  pseudonym_months?: number;
}
export interface QuotaConfig {
  /**
   * Whose use is added up.
   */
  per: 'user' | 'account' | 'partition' | 'qos';
  /**
   * Over which time: a part of the calendar, or the last N days, each of 24 hours.
   */
  period: string;
  /**
   * What the limits are in: kWh and kgCO2e as in reports (with PUE); cost: kWh times the price.
   */
  unit: 'kWh' | 'kgCO2e' | 'cost';
  /**
   * Limit of everyone whom `limits` does not name. Without it they have none.
   */
  each?: number;
  /**
   * Limits of single users (names or uids), accounts, partitions or QOS.
   */
  limits?: {
    [k: string]: number | 'none';
  };
}
/**
 * How the mails of jobs are sent: docs/mail.md.
 */
export interface MailConfig {
  /**
   * How long a mail waits for the records of all nodes of its job.
   */
  wait_seconds: number;
  /**
   * Mails that are sent with the job's energy; others go out at once, plain.
   *
   * @maxItems 32
   */
  types: ('END' | 'FAIL' | 'REQUEUE' | 'TIME_LIMIT')[];
  /**
   * Address of the sender; without it `slurm`, with the domain or the host's name.
   */
  from?: string;
  /**
   * Domain that makes an address of a user's name; without it the mail server has to know users by their names.
   */
  domain?: string;
  /**
   * sendmail: the program of the host's mail server; smtp: a server.
   */
  transport: 'sendmail' | 'smtp';
  /**
   * The program, called as `sendmail -i -f SENDER -- RECIPIENT` with the mail as its input.
   */
  sendmail: string;
  smtp: SmtpConfig;
  /**
   * Mails that a recipient gets within an hour; what is beyond them comes as one mail with a list.
   */
  max_per_user_hour: number;
  /**
   * How long a mail waits for a server that takes it before the former program gets it.
   */
  give_up_hours: number;
  /**
   * Rules of advice beside those that come with EIT (data/advice/advice.yaml), and changes to these: docs/mail-contents.md.
   *
   * @maxItems 64
   */
  advice: AdviceConfig[];
  /**
   * Text above each mail.
   */
  header?: string;
  /**
   * Text below each mail.
   */
  footer?: string;
}
/**
 * The server of `transport: smtp`.
 */
export interface SmtpConfig {
  /**
   * The server.
   */
  host: string;
  /**
   * Its port: 25, 587 or, for `tls`, 465.
   */
  port: number;
  /**
   * starttls: TLS after the greeting, and nothing without it; tls: from the first byte on; none: in plain text.
   */
  security: 'none' | 'starttls' | 'tls';
  /**
   * Name at the server; with `password_file`.
   */
  user?: string;
  /**
   * File with the password, readable by the spooler's user alone; with `user`.
   */
  password_file?: string;
  /**
   * Certificates (PEM) that the server's is checked against; without it those that Node.js has.
   */
  ca_file?: string;
}
export interface AdviceConfig {
  /**
   * Of a rule that comes with EIT: changes it; else the rule is new, and needs when and text.
   */
  id: string;
  /**
   * Conditions by variable, all of which must hold, such as { cpus: ">= 4" }.
   */
  when?: {
    [k: string]: string;
  };
  /**
   * What the mail says, with variables such as {cpus}.
   */
  text?: string;
  /**
   * The variable with the energy that would be saved.
   */
  saves_kwh?: string;
  /**
   * The variable with the CO2eq that would be saved.
   */
  saves_kg?: string;
  /**
   * Turns the rule off.
   */
  off?: boolean;
}
export interface IntensitySourceConfig {
  /**
   * Zone that the series is of, as in data/zones.
   */
  zone: string;
  /**
   * Who is asked.
   */
  provider: 'electricitymaps' | 'neso' | 'caiso' | 'entsoe' | 'eia' | 'watttime';
  /**
   * What the provider calls the zone, where it has names of its own.
   */
  provider_zone?: string;
  /**
   * Of providers that have both.
   */
  basis?: 'average-lifecycle' | 'average-direct';
  /**
   * File with the provider's token, readable by the user alone who fetches (WattTime: a line with the user's name and one with the password).
   */
  token_file?: string;
  /**
   * Where the provider is, in place of its own address: a mirror.
   */
  url?: string;
}
/**
 * What sbatch is given for the jobs of `eit ledger compact --slurm`.
 */
export interface SbatchConfig {
  /**
   * Partition of the jobs; without it Slurm's default.
   */
  partition?: string;
  /**
   * Account of the jobs; without it the user's default.
   */
  account?: string;
  /**
   * Time limit of each job, as sbatch takes it.
   */
  time?: string;
  /**
   * Further options of sbatch, one an item, such as --mem=4G; they win over those above.
   *
   * @maxItems 32
   */
  extra: string[];
}
/**
 * What sbatch is given for the jobs of `eit-report --slurm`.
 */
export interface SbatchConfig1 {
  /**
   * Partition of the jobs; without it Slurm's default.
   */
  partition?: string;
  /**
   * Account of the jobs; without it the user's default.
   */
  account?: string;
  /**
   * Time limit of each job, as sbatch takes it.
   */
  time?: string;
  /**
   * Further options of sbatch, one an item, such as --mem=4G; they win over those above.
   *
   * @maxItems 32
   */
  extra: string[];
}
