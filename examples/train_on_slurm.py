"""One worker of a training over several machines that Slurm started, one task a machine.

srun --ntasks-per-node=1 python examples/train_on_slurm.py classification train mnist_lenet5

TensorFlow reads from Slurm's variables who the workers are; dlapps is told by TF_CONFIG.
"""

import json
import os
import sys

import tensorflow as tf

resolver = tf.distribute.cluster_resolver.SlurmClusterResolver()
workers = resolver.cluster_spec().as_dict()
kind, index = resolver.get_task_info()
os.environ["TF_CONFIG"] = json.dumps({"cluster": workers, "task": {"type": kind, "index": index}})
os.execvp("dlapps", ["dlapps", *sys.argv[1:]])
