#!/bin/bash
#SBATCH --job-name=eit-gpu
#SBATCH --partition=gpu
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=1
#SBATCH --time=00:10:00
#SBATCH --output=%x-%j.out
# A job on a GPU. It pays for the whole GPU from its begin to its end, used or not; GPUUtil and GPUIdle say
# how much of the time it worked, and what it drew while nothing ran.
#   eit-report -j JOBID -o JobID,Elapsed,Energy,GPUUtil,GPUIdle,CO2e

# Your program in place of printenv.
srun printenv SLURM_JOB_GPUS
