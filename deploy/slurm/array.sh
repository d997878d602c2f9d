#!/bin/bash
# An evaluation in 20 tasks, then the joining of their results, without Redis:
#   sbatch --parsable deploy/slurm/array.sh        prints the job's number N
#   sbatch --dependency=afterok:N --wrap 'vitamin eval merge /data/run/shards/* -o /data/run'
# Tasks that failed are started again by their numbers, sbatch --array=3,7 deploy/slurm/array.sh, and go on where they stopped.
#SBATCH --job-name=vitamin
#SBATCH --array=1-20
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@60
set -eu
# 3 says that pictures were broken: they are counted in the results, and are no reason to try again.
status=0
srun vitamin eval detect --root /data/coco --split ov-coco --model /data/fvit_ovcoco.pth \
  --threads "$SLURM_CPUS_PER_TASK" --shard auto/20 -o "/data/run/shards/$SLURM_ARRAY_TASK_ID" || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
