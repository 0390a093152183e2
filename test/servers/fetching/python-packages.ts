import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINES_FOLDER } from '#support/engine-paths.ts';
import { installPythonEngine, type PythonEngine } from '#support/python-engine.ts';
import { NotHere } from './not-here.ts';
import { runCommand } from './run-command.ts';

const ENVIRONMENT_PYTHON = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');

/** boto3 and all that it needs. */
const boto3Packages = [
  'boto3==1.44.8',
  'botocore==1.44.8',
  'jmespath==1.1.0',
  'python-dateutil==2.9.0.post0',
  's3transfer==0.19.3',
  'six==1.17.0',
  'urllib3==2.8.0',
];

/** What moto needs to serve S3, out of the much longer list for all services. */
const motoPackages = [
  ...boto3Packages,
  'moto==5.2.5',
  'blinker==1.9.0',
  'certifi==2026.10.19.post1',
  'cffi==2.1.1',
  'charset-normalizer==3.5.3',
  'click==8.5.1',
  'cryptography==50.0.2',
  'flask==3.1.3',
  'flask-cors==6.0.5',
  'idna==3.20',
  'itsdangerous==2.2.0',
  'jinja2==3.1.6',
  'markupsafe==3.0.4',
  'py-partiql-parser==0.6.3',
  'pycparser==3.12',
  'pyyaml==6.0.4',
  'requests==2.34.2',
  'responses==0.26.3',
  'werkzeug==3.1.9',
  'xmltodict==1.0.4',
];

export const MOTO_VERSION = '5.2.5';

const boto3 = environment('boto3', '1.44.8', boto3Packages);
const moto = environment('moto', MOTO_VERSION, motoPackages);
export const BOTO3_PYTHON = boto3.python;
export const MOTO_PYTHON = moto.python;

/** The client of another make that judges what a server itself does. */
export function fetchBoto3(): void {
  fetchEnvironment(boto3);
}

export function fetchMoto(): void {
  fetchEnvironment(moto);
}

function fetchEnvironment(engine: PythonEngine): void {
  installPythonEngine((command, values) => runCommand(command, values), engine);
  if (!engine.isThere()) throw new NotHere(`${engine.name} could not be installed from PyPI`);
}

function environment(name: string, version: string, packages: readonly string[]): PythonEngine {
  const folder = join(ENGINES_FOLDER, `${name}-${version}`);
  const python = join(folder, ENVIRONMENT_PYTHON);
  return { name, folder, python, packages, isThere: () => existsSync(python), skipped: `what needs ${name}` };
}
