import { isMiniStackThere, MINISTACK_FOLDER, MINISTACK_PYTHON, MINISTACK_VERSION } from './engine-paths.ts';
import type { PythonEngine } from './python-engine.ts';

/** MiniStack, an emulator of AWS that runs Lambda functions without Docker; the package itself pins a part only. */
export const miniStackEngine: PythonEngine = {
  name: 'MiniStack',
  folder: MINISTACK_FOLDER,
  python: MINISTACK_PYTHON,
  isThere: isMiniStackThere,
  skipped: 'npm run e2e',
  packages: [
    `ministack==${MINISTACK_VERSION}`,
    'botocore==1.43.106',
    'defusedxml==0.7.1',
    'graphql-core==3.2.12',
    'h11==0.16.0',
    'h2==4.4.1',
    'hpack==4.2.0',
    'hypercorn==0.18.0',
    'hyperframe==6.1.0',
    'jmespath==1.1.0',
    'jsonata-python==0.7.1',
    'priority==2.0.0',
    'python-dateutil==2.9.0.post0',
    'pyyaml==6.0.3',
    'six==1.17.0',
    'urllib3==2.8.0',
    'wsproto==1.3.2',
  ],
};
