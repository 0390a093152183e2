"""Runs a program of Swift with the swift.conf given first, for Swift itself reads the one beneath /etc alone."""

import runpy
import sys

import swift.common.utils

swift.common.utils.SWIFT_CONF_FILE = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
