#!/bin/bash
#SBATCH --job-name=eit-array
#SBATCH --array=0-3%2
#SBATCH --ntasks=1
#SBATCH --time=00:10:00
#SBATCH --output=%x-%A_%a.out
# An array: each task is a job of its own, with energy of its own. All of them, one of them, and which took most:
#   eit-report -j ARRAYJOBID
#   eit-report -j ARRAYJOBID_2
#   eit-report -j ARRAYJOBID --sort energy --top 3

# Your program in place of echo.
srun echo "task $SLURM_ARRAY_TASK_ID"
