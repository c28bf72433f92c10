#!/bin/bash
#SBATCH --job-name=eit-cpu
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=00:10:00
#SBATCH --output=%x-%j.out
# A job on CPUs. Nothing in it is for EIT: every job is measured. What it took, some seconds after its end:
#   eit-report -j JOBID
# With CPUEff beside it (after the site's next sacct-sync), you see what of the CPUs you asked for was used:
#   eit-report -j JOBID -o JobID,Elapsed,CPUEff,Energy,CO2e

# Threads as many as CPUs: those that wait for nothing draw power too.
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# Your program in place of awk.
srun --cpus-per-task="$OMP_NUM_THREADS" awk 'BEGIN { for (i = 0; i < 2000000; i++) sum += i; print "sum", sum }'
