import { inOverlay, overlayUnavailable } from './in-overlay';
import { describePackages, packageFile } from './packages';

/** Lines `name: value`, the last of each name. */
const SHELL = `
told() { printf '\\n%s: %s\\n' "$1" "$(eval "$2" 2>&1 | tr '\\n' ' ')"; }
hooks() { for hook in prolog epilog; do [ -L /opt/eit/$hook ] && readlink /opt/eit/$hook || head -c 10 /opt/eit/$hook || :; done; }
run_hooks() { for hook in prolog epilog; do /opt/eit/$hook; echo $?; done; }
look() {
  told "$1 hooks" hooks
  told "$1 config" 'cat /etc/eit/eit.yaml | tail -n 1'
  told "$1 enabled" 'ls /etc/systemd/system/multi-user.target.wants | grep eit'
}
rm -rf /opt/eit /etc/eit /etc/slurm /etc/slurm-llnl
mkdir -p /etc/slurm /etc/systemd/system/multi-user.target.wants
`;

const DEB = `${SHELL}
dpkg -i "$1" || exit 1
look installed
told version 'runuser -u nobody -- eit --version'
told manual 'man -w eit-report eit.yaml'
told completion 'bash -c ". /usr/share/bash-completion/completions/eit; complete -p eit-report"'
touch /etc/eit/disabled
echo '#of the site' >>/etc/eit/eit.yaml
dpkg -i "$1" || exit 1
look again
dpkg -i "$2" || exit 1
look switched
told report 'runuser -u nobody -- eit-report --version'
told user 'id -nu eit'
told state "dpkg-query -W -f '\\\${binary:Package}=\\\${db:Status-Abbrev} ' slurm-eit slurm-eit-node"
echo 'Prolog=/opt/eit/prolog' >/etc/slurm/slurm.conf
dpkg -r slurm-eit || exit 1
look removed
told 'removed runs' run_hooks
rm /etc/slurm/slurm.conf
dpkg -P slurm-eit || exit 1
told purged 'ls -d /opt/eit /etc/eit/eit.yaml'
`;

/** As apt does it: one is taken away, and then the other installed. systemctl is a stand-in that writes down what it is told. */
const TAKEN_AND_INSTALLED = `${SHELL}
dpkg -i "$1" || exit 1
mkdir -p /run/systemd/system
cat >/usr/bin/systemctl <<'END'
#!/bin/sh
[ "$1" = --quiet ] && shift
case "$1 $2" in
'is-active eit-agent.service' | 'is-enabled eit-agent.service') exit 0 ;;
is-*) exit 1 ;;
esac
echo "$*" >>/systemctl.log
END
chmod 755 /usr/bin/systemctl
dpkg -r slurm-eit-node || exit 1
: >/systemctl.log
dpkg -i "$2" || exit 1
told restored 'grep -E "^(enable|start)" /systemctl.log'
told mark 'ls /run/eit-removed'
dpkg -r slurm-eit || exit 1
touch -d '1 hour ago' /run/eit-removed
: >/systemctl.log
dpkg -i "$1" || exit 1
told 'later restored' 'grep -E "^(enable|start)" /systemctl.log'
`;

const RPM = `${SHELL}
rpm -i --nodeps "$1" || exit 1
look installed
told version 'runuser -u nobody -- eit --version'
told verified 'rpm -V --nodeps slurm-eit-node'
echo '#of the site' >>/etc/eit/eit.yaml
rpm -U --nodeps --force "$1" || exit 1
look again
echo 'Prolog=/opt/eit/prolog' >/etc/slurm/slurm.conf
rpm -e slurm-eit-node || exit 1
touch /etc/eit/disabled
look removed
told 'removed runs' run_hooks
rm /etc/slurm/slurm.conf
# Where slurmd is installed they stay, whatever is configured now.
rm -f /usr/sbin/slurmd
rpm -i --nodeps "$1" && rpm -e slurm-eit-node || exit 1
told gone 'ls -d /opt/eit'
`;

describePackages('installed into a copy of this system', () => {
  const reason = overlayUnavailable();
  const there = reason === null ? test : test.skip;
  const suffix = reason === null ? '' : ` (skipped: ${reason})`;
  const links = 'hooks/prolog hooks/epilog ';
  const stubs = '#!/bin/sh #!/bin/sh ';

  there(
    `the .deb: install, again, the full one in its place, remove, purge${suffix}`,
    () => {
      const files = [packageFile('slurm-eit-node_', '.deb'), packageFile('slurm-eit_', '.deb')];
      const facts = factsOf(inOverlay(DEB, files));
      expect(facts).toMatchObject({
        'installed hooks': links,
        'installed config': '#  pue: 1.25 ',
        'installed enabled': 'eit-agent.service ',
        version: expect.stringMatching(/^\d+\.\d+/) as string,
        manual: '/usr/share/man/man1/eit-report.1 /usr/share/man/man5/eit.yaml.5 ',
        completion: 'complete -F _eit eit-report ',
        'again hooks': links,
        'again config': '#of the site ',
        'switched hooks': links,
        'switched config': '#of the site ',
        'switched enabled': 'eit-agent.service ',
        report: expect.stringMatching(/^\d+\.\d+/) as string,
        user: 'eit ',
        'removed hooks': stubs,
        'removed config': '#of the site ',
        'removed enabled': '',
        'removed runs': '0 0 ',
      });
      expect(facts['state']).toContain('slurm-eit=ii');
      expect(facts['state']).not.toContain('slurm-eit-node=ii');
      expect(facts['purged']).toMatch(/\/opt\/eit'?: No such file.*eit\.yaml'?: No such file/);
    },
    240_000,
  );

  there(
    `the .deb: one taken away and the other installed at once, what ran runs on; an hour later nothing starts by itself${suffix}`,
    () => {
      const files = [packageFile('slurm-eit-node_', '.deb'), packageFile('slurm-eit_', '.deb')];
      expect(factsOf(inOverlay(TAKEN_AND_INSTALLED, files))).toMatchObject({
        restored: 'enable eit-agent.service start eit-agent.service ',
        mark: expect.stringContaining('No such file') as string,
        'later restored': '',
      });
    },
    240_000,
  );

  there(
    `the .rpm: install, again, remove${suffix}`,
    () => {
      const facts = factsOf(inOverlay(RPM, [packageFile('slurm-eit-node-', '.rpm')]));
      expect(facts).toMatchObject({
        'installed hooks': links,
        'installed enabled': 'eit-agent.service ',
        version: expect.stringMatching(/^\d+\.\d+/) as string,
        verified: '',
        'again hooks': links,
        'again config': '#of the site ',
        'removed hooks': stubs,
        'removed enabled': '',
        'removed runs': '0 0 ',
      });
      expect(facts['gone']).toContain('No such file');
    },
    240_000,
  );
});

function factsOf(ended: { status: number | null; stdout: string; stderr: string }): Record<string, string> {
  if (ended.status !== 0) throw new Error(`ended with ${ended.status}\n${ended.stdout}${ended.stderr}`);
  const lines = ended.stdout.split('\n').map((line) => /^([a-z ]+): (.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((line) => (line === null ? [] : [[line[1]!, line[2]!]])));
}
