#!/bin/bash
# A Slurm of one node on this machine, for tests: own keys, ports and state below FOLDER, nothing of the system's is touched.
#   slurm.sh start FOLDER [CORES]   starts munged, slurmctld and slurmd and waits until the node is idle
#   slurm.sh stop FOLDER            ends them
# Then use it with SLURM_CONF=FOLDER/slurm.conf. Runs as root or as a user (who can submit as himself only).
# Status 77: Slurm or munge is not installed.
set -eu
PATH=$PATH:/usr/sbin:/sbin
action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cores=${3:-2}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

wait_until() { # seconds, command...
    local tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

end() { # pid file. They have nothing to save.
    [ -s "$1" ] || return 0
    local pid
    pid=$(cat "$1")
    kill -9 "$pid" 2>/dev/null || return 0
    wait_until 5 bash -c "! readlink /proc/$pid/exe" || true # one that only waits to be reaped has ended
}

write_config() {
    local host user
    host=$(hostname -s)
    user=$(id -un)
    cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=2
MinJobAge=10
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=100000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    # No plugin above uses control groups, but slurmd looks for them unless told which version; a container may have none.
    echo "CgroupPlugin=cgroup/v1" >"$folder/cgroup.conf"
}

start() {
    for program in munged slurmctld slurmd sbatch squeue sinfo; do
        command -v $program >/dev/null || { echo "$program is not installed (Debian: slurm-wlm munge)" >&2; exit 77; }
    done
    mkdir -p "$folder/munge" "$folder/state" "$folder/spool"
    chmod 755 "$folder/munge"
    [ -s "$folder/munge/key" ] || head -c 1024 /dev/urandom >"$folder/munge/key"
    chmod 600 "$folder/munge/key"
    write_config
    munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
        --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" --num-threads=2
    export SLURM_CONF=$folder/slurm.conf
    slurmctld -c -f "$SLURM_CONF"
    wait_until 20 scontrol ping || { echo "slurmctld does not answer; see $folder/slurmctld.log" >&2; exit 1; }
    slurmd -c -f "$SLURM_CONF"
    wait_until 20 bash -c 'sinfo --noheader --format=%T | grep -q idle' || { echo "the node is not idle; see $folder/slurmd.log" >&2; exit 1; }
}

stop() {
    export SLURM_CONF=$folder/slurm.conf
    scancel --me >/dev/null 2>&1 || true
    wait_until 10 bash -c '[ -z "$(squeue --noheader)" ]' || true
    end "$folder/slurmd.pid"
    end "$folder/slurmctld.pid"
    end "$folder/munge/pid"
}

case $action in
start) start ;;
stop) stop ;;
*) echo "usage: slurm.sh start|stop FOLDER [CORES]" >&2; exit 2 ;;
esac
