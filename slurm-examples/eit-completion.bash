# shellcheck shell=bash
# Completion of eit and eit-report for bash: options, and the values that they name. Copy it to
# /etc/bash_completion.d/eit, or read it in with: . /opt/eit/slurm-examples/eit-completion.bash
# It starts no program: names of users, accounts and partitions are not completed.

# What stands behind the last comma, if it begins one of the words.
_eit_list() {
  local list=$1 last=${2##*,} before=''
  [[ $2 == *,* ]] && before=${2%,*},
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$list" -- "$last")
  compopt -o nospace 2>/dev/null
}

_eit() {
  local current=${COMP_WORDS[COMP_CWORD]} previous='' command=report at=1 options='' actions=''
  ((COMP_CWORD > 0)) && previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --sort=Energy.
  [[ $current == '=' ]] && current=''
  [[ $previous == '=' ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
  if [[ ${COMP_WORDS[0]##*/} == eit ]]; then
    command=${COMP_WORDS[1]}
    at=2
    if ((COMP_CWORD == 1)); then
      mapfile -t COMPREPLY < <(compgen -W 'report status top watch doctor calibrate sacct-sync sacct-comment gpu ledger intensity quota prometheus mail publish factors zones regions compare statement estimate whatif appendix run tag metric leaderboard import export badge --help --version' -- "$current")
      return
    fi
  fi

  local columns='JobID Cluster User Account Partition Node Hour Day Week Month JobName ArrayJobID HetJobID QOS State Submit Start
    ReqMem TimeLimit Jobs Runs Elapsed CPUTime GPUTime GPUBusy GPUUtil GPUMem GPUThrottled GPUIdle CPUEnergy DRAMEnergy GPUEnergy
    OtherEnergy ITEnergy Energy CO2e MarketCO2e EmbodiedCO2e Water Cost SocialCost SocialCostLow SocialCostHigh WorldSocialCost Coverage Quality NodesExpected NodesReported Estimated CPUModel GPUModel Extrapolated LostEnergy FailedEnergy CancelledEnergy CPUEff
    MemEff SlurmEnergy SameEnergy'
  if [[ $command == report ]]; then
    case $previous in
      --group-by)
        _eit_list 'job user account partition node hour day week month cluster qos state name array het cpumodel gpumodel' "$current"
        return
        ;;
      -o | --format)
        _eit_list "$columns" "$current"
        return
        ;;
      --sort)
        # shellcheck disable=SC2086 # a list of words
        [[ $current == *-* ]] && columns=$(printf -- '-%s ' $columns)
        _eit_list "$columns" "$current"
        return
        ;;
      --policy)
        mapfile -t COMPREPLY < <(compgen -W 'usage allocation hybrid' -- "$current")
        return
        ;;
      -u | --user | -A | --account | -r | --partition | -j | --jobs | -M | --clusters | -N | --nodelist | -q | --qos | --name | \
        -s | --state | -S | --starttime | -E | --endtime | --top | --min-kwh) return ;;
    esac
  fi
  if [[ $command == intensity ]]; then
    case $previous in
      --provider)
        mapfile -t COMPREPLY < <(compgen -W 'electricitymaps neso caiso entsoe eia watttime' -- "$current")
        return
        ;;
      --basis)
        mapfile -t COMPREPLY < <(compgen -W 'average-lifecycle average-direct' -- "$current")
        return
        ;;
      --flow)
        mapfile -t COMPREPLY < <(compgen -W 'consumption production' -- "$current")
        return
        ;;
      --zone | --from | --to | --source | --time-zone | --factors-as-of) return ;;
    esac
    if [[ ${COMP_WORDS[2]} == import && $current != -* ]] && ((COMP_CWORD > at)); then
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      return
    fi
  fi
  if [[ $command == top || $command == watch ]]; then
    case $previous in
      --sort)
        mapfile -t COMPREPLY < <(compgen -W 'watts energy cpu job' -- "$current")
        return
        ;;
      -d | --interval | -u | --user) return ;;
    esac
  fi
  case $previous in
    --basis)
      mapfile -t COMPREPLY < <(compgen -W 'lifecycle direct' -- "$current")
      return
      ;;
    --config | --dir | --from | --file | --csv | --metric-file | --metric-csv | --sacct | --sacctmgr | --plot | --output | --spec)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      return
      ;;
  esac

  case $command in
    report)
      options='--user --account --partition --jobs --clusters --nodelist --qos --name --state --starttime --endtime --allusers
        --group-by --sort --top --min-kwh --format --helpformat --noheader --json --csv --parsable2 --no-bar --no-quotas
        --extrapolate --compare-slurm --factors-as-of --equivalents --embodied --lost --audit --html --policy --from --config
        --slurm --tasks --work-dir --plan --task'
      ;;
    status) options='--ledger --silent-for --all --days --sinfo --json --config' ;;
    doctor) options='--role --topic --json --config' ;;
    watch) options='--interval --once --json --no-step --config' ;;
    top) options='--interval --once --stream --json --sort --user --config' ;;
    factors) options='--cluster --json --config' ;;
    calibrate) options='--minutes --wait --load --dry-run --force-short --json --config' ;;
    sacct-comment) options='--since --limit --dry-run --sacct --sacctmgr --json --config' ;;
    sacct-sync) options='--since --clusters --sacct --json --config' ;;
    gpu)
      actions='release take'
      options='--seconds --json --config'
      ;;
    ledger)
      actions='compact check prune export erase generate'
      options='--clusters --inbox-days --json --config --hosts --days --since --until --jobs-per-day --users --gpus-per-node --record-seconds --seed
        --cluster --sacct --duplicate-fraction --half-lines --late-fraction --slurm --tasks
        --wait --workers --plan --task --dry-run --user --to --format --yes --wait-inbox'
      ;;
    intensity)
      actions='fetch import show'
      options='--zone --cluster --provider --from --to --basis --flow --source --time-zone --factors-as-of --plot --json --config'
      ;;
    quota)
      actions='refresh check'
      options='--user --account --partition --qos --max-age --dir --no-bar --json --config'
      ;;
    prometheus) options='--output --window --accounts --top-users --quotas --silent-after --listen --json --config' ;;
    mail)
      actions='spool check show digest queue retry drop'
      options='--once --starttime --text --html --month --user --account --send --all --again --dry-run --json --config'
      ;;
    publish) options='--dir --starttime --endtime --json --config' ;;
    zones)
      actions='list show top bottom locate'
      options='--basis --year --number --lat --lon --cloud --country --ip --json'
      ;;
    compare)
      options='--set --by --test --correlate --over --within --seed --allow-incomplete --allusers --policy --from --plot --json --markdown
        --latex --config'
      ;;
    statement)
      options='--set --from --allow-incomplete --allusers --policy --config --appendix-url --add --markdown --latex --bibtex --html --json'
      ;;
    estimate)
      options='--gpu --gpus --hours --gpu-hours --pflops-hours --precision --utilisation --tdp --peak --cpu --cores --cpu-use --memory --zone
        --start --pue --from-jobs --against --from --allow-incomplete --allusers --policy --plot --json --config'
      ;;
    whatif)
      options='--set --kwh --zone --start --hours --times --basis --equivalents --allow-incomplete --allusers --policy --from --plot
        --json --config'
      ;;
    run)
      options='--dir --name --tag --metric-file --metric-csv --metric-column --metric-step --require-gpu --require-cpu --no-packages --interval
        --quiet --json --config'
      ;;
    tag) options='--remove --list --from --json --config' ;;
    metric) options='--file --csv --column --step --as --unit --best --remove --list --from --json --config' ;;
    leaderboard)
      actions='build submit verify'
      options='--set --from --allow-incomplete --allusers --policy --spec --name --about --link --output --json --config'
      ;;
    appendix)
      options='--set --from --allow-incomplete --allusers --policy --config --spec --output --title --names --json'
      ;;
    import)
      actions='eit codecarbon'
      options='--to --time-zone --cpu --json'
      ;;
    export)
      actions='sci boamps'
      options='--set --from --allow-incomplete --allusers --policy --per --embodied-kg --without-embodied --task --output --json --config'
      ;;
    badge)
      options='--set --from --allusers --policy --label --clean-below --baseline --metric --within --better --output --markdown --html --json
        --config'
      ;;
    regions) options='--fuels --plot --basis --no-bar --json' ;;
  esac
  ((COMP_CWORD == at)) || actions=''
  if [[ $command == ledger && $current != -* ]] && ((COMP_CWORD > at)); then
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
    compopt -o filenames 2>/dev/null
  elif [[ $command == leaderboard && ${COMP_WORDS[2]} != submit && $current != -* ]] && ((COMP_CWORD > at)); then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
  elif [[ -z $actions || $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options --help --version" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$actions" -- "$current")
  fi
}

complete -F _eit eit eit-report
