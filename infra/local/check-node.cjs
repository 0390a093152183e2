// Plain JavaScript of long ago: what is too old for the rest has to be able to say so.
'use strict';

var least = 24;
var found = process.versions.node;

if (Number(found.split('.')[0]) < least) {
  process.stderr.write(
    'stocktake needs Node ' + least + ' or newer, and this is ' + found + '. npm ci brings Node 26.10.0 for Linux with glibc ' +
      '(x64, arm64), macOS (arm64) and Windows (x64); this is ' + process.platform + ' ' + process.arch + ', or optional ' +
      'dependencies were left out. Install Node ' + least + ' or newer from https://nodejs.org and run npm ci again.\n'
  );
  process.exit(1);
}
