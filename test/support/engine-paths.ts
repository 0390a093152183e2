import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where `npm run engines` puts the real engines that tests run against. */
export const ENGINES_FOLDER = join(import.meta.dirname, '../../node_modules/.cache/stocktake-engines');

export const DYNAMODB_LOCAL_VERSION = '2.9.30';
export const VERSITYGW_VERSION = 'v1.8.0';
export const MINISTACK_VERSION = '1.5.33';
export const CFN_LINT_VERSION = '1.58.0';
export const FLEXORCH_SDK_VERSION = '0.3.3';
export const FLEXORCH_MCP_VERSION = '0.2.6';

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

/** A Python environment with FlexOrch's own clients in it. */
export const FLEXORCH_FOLDER = join(ENGINES_FOLDER, `flexorch-${FLEXORCH_SDK_VERSION}-${FLEXORCH_MCP_VERSION}`);
export const FLEXORCH_PYTHON = join(FLEXORCH_FOLDER, ENVIRONMENT_PYTHON);

export function isDynamoDbLocalThere(): boolean {
  return existsSync(DYNAMODB_LOCAL_JAR);
}

export function isVersitygwThere(): boolean {
  return existsSync(VERSITYGW_BINARY);
}

export function isMiniStackThere(): boolean {
  return existsSync(MINISTACK_PYTHON);
}

export function isFlexorchThere(): boolean {
  return existsSync(FLEXORCH_PYTHON);
}

export function isCfnLintThere(): boolean {
  return existsSync(CFN_LINT_PYTHON);
}
