import { Failure } from '#core/model/errors.ts';
import type { RoleToTake } from '#core/model/ports/roles.ts';

/**
 * The Failure for a role that could not be taken. Of the error only its name, code and status are used, and it is not kept
 * as the cause: the SDK's errors carry what was sent and answered.
 */
export function stsFailure(error: unknown, role: RoleToTake, principals: string): Failure {
  const name = textOf(error, 'name');
  const status = statusOf(error);
  if (name === 'AccessDenied' || name === 'AccessDeniedException') return refused(notTrusted(role, principals));
  if (name === 'RegionDisabledException') return refused(regionDisabled(role));
  if (ownCredentials.has(name)) return refused(notOurselves(name));
  if (textOf(error, 'message') === 'Region is missing') return refused(noRegion);
  if (throttling.has(name) || status === 429) {
    return new Failure(
      'source_throttled',
      'AWS STS asks for fewer requests, also after several tries. Try again later.',
    );
  }
  if (status === undefined) {
    return new Failure(
      'endpoint_unreachable',
      `AWS STS could not be reached to take the role ${role.roleArn} (${textOf(error, 'code') || name || 'no answer'}). Try again; on a machine of your own check its way to the internet.`,
    );
  }
  if (status >= 500) return new Failure('source_error', `AWS STS failed with status ${status}. Try again.`);
  return refused(`AWS STS refused to give credentials of the role ${role.roleArn} (${name}). Check role_arn.`);
}

const throttling = new Set(['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException']);

const ownCredentials = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
]);

function refused(message: string): Failure {
  return new Failure('role_refused', message);
}

/** AWS answers the same whether the role does not exist, does not trust us, or we may not ask. */
function notTrusted({ roleArn, externalId }: RoleToTake, principals: string): string {
  return (
    `AWS does not let Stocktake take the role ${roleArn}. The role must exist, and its trust policy must allow ` +
    `sts:AssumeRole to ${principals} on the condition that sts:ExternalId equals "${externalId}". ` +
    'Where a policy of theirs limits the roles they may take, it must name this one, too.'
  );
}

function regionDisabled({ roleArn }: RoleToTake): string {
  return `AWS STS is not active in the region of Stocktake for the account of the role ${roleArn}. Activate that region for STS in the account settings of IAM there.`;
}

function notOurselves(name: string): string {
  return `Stocktake itself has no valid credentials at AWS (${name}), so it can take no role. See to the AWS credentials of the machine it runs on.`;
}

const noRegion = 'Stocktake does not know which region of AWS STS to ask. Set AWS_REGION where it runs.';

function statusOf(error: unknown): number | undefined {
  const metadata = typeof error === 'object' && error !== null && '$metadata' in error ? error.$metadata : undefined;
  const { httpStatusCode: status } = (metadata ?? {}) as { readonly httpStatusCode?: unknown };
  return typeof status === 'number' ? status : undefined;
}

/** A short text of an error's field, of the characters that names are made of; '' for anything else. */
function textOf(error: unknown, field: 'name' | 'code' | 'message'): string {
  const value =
    typeof error === 'object' && error !== null && field in error ? (error as Record<string, unknown>)[field] : '';
  return typeof value === 'string' && /^[A-Za-z_. ]{1,64}$/.test(value) ? value : '';
}
