#!/bin/bash
# Sixteen workers for a queue, which end when no run is left. Submit the run first:
#   VITAMIN_QUEUE=redis://:password@host:6379 vitamin submit eval detect --root /data/coco -o /data/run --shards 200
#SBATCH --job-name=vitamin-workers
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=2G
#SBATCH --time=12:00:00
set -eu
: "${VITAMIN_QUEUE:?the address of the Redis}"
srun vitamin work --until-done --threads "$SLURM_CPUS_PER_TASK"
