import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Stands in bundles for the SDK's chain of providers. Lambda gives each function the keys of its role in the environment
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), so files, processes, SSO and the metadata
 * of machines are neither asked nor carried along: 100 KB of 895 in sync.
 */
export const defaultProvider = fromEnv;
