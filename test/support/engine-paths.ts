import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where `npm run engines` puts the real engines that tests run against. */
export const ENGINES_FOLDER = join(import.meta.dirname, '../../node_modules/.cache/stocktake-engines');

export const DYNAMODB_LOCAL_VERSION = '2.9.30';
export const VERSITYGW_VERSION = 'v1.8.0';
export const MINISTACK_VERSION = '1.5.33';
export const CFN_LINT_VERSION = '1.58.0';

/** Holds DynamoDBLocal.jar and DynamoDBLocal_lib. The version is that of the npm package it comes in. */
export const DYNAMODB_LOCAL_FOLDER = join(ENGINES_FOLDER, `dynamodb-local-${DYNAMODB_LOCAL_VERSION}`);
export const DYNAMODB_LOCAL_JAR = join(DYNAMODB_LOCAL_FOLDER, 'DynamoDBLocal.jar');

const VERSITYGW_FOLDER = join(ENGINES_FOLDER, `versitygw-${VERSITYGW_VERSION}`);
export const VERSITYGW_BINARY = join(VERSITYGW_FOLDER, process.platform === 'win32' ? 'versitygw.exe' : 'versitygw');

/** The Python of an environment, in its folder. */
const ENVIRONMENT_PYTHON = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');

/** A Python environment with MiniStack in it. */
export const MINISTACK_FOLDER = join(ENGINES_FOLDER, `ministack-${MINISTACK_VERSION}`);
export const MINISTACK_PYTHON = join(MINISTACK_FOLDER, ENVIRONMENT_PYTHON);

/** A Python environment with cfn-lint in it. */
export const CFN_LINT_FOLDER = join(ENGINES_FOLDER, `cfn-lint-${CFN_LINT_VERSION}`);
export const CFN_LINT_PYTHON = join(CFN_LINT_FOLDER, ENVIRONMENT_PYTHON);

export function isDynamoDbLocalThere(): boolean {
  return existsSync(DYNAMODB_LOCAL_JAR);
}

export function isVersitygwThere(): boolean {
  return existsSync(VERSITYGW_BINARY);
}

export function isMiniStackThere(): boolean {
  return existsSync(MINISTACK_PYTHON);
}

export function isCfnLintThere(): boolean {
  return existsSync(CFN_LINT_PYTHON);
}
