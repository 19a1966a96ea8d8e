#!/bin/sh
# Runs a Python script of this folder on one core, with settings that make PyTorch fast there: one thread, an allocator that
# keeps memory between steps, and MKL for the matrix products if MKL_LIB is its folder (lib/ of the PyPI package "mkl").
# The last two nearly double the speed of Debian's PyTorch.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=200000000
if [ -n "$MKL_LIB" ]; then
	export MKL_INTERFACE_LAYER=LP64 MKL_THREADING_LAYER=SEQUENTIAL LD_LIBRARY_PATH="$MKL_LIB"
	export LD_PRELOAD="$(ls "$MKL_LIB"/libmkl_rt.so* | head -n 1)"
fi
exec nice -n 5 "${PYTHON:-/usr/bin/python3}" "$@"
