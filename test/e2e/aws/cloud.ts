import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { type S3Server, startS3Server } from '#local/demo/s3-server/server.ts';
import { createPage, type Page } from './browser-page.ts';
import { type BusListener, listenToBus } from './bus-listener.ts';
import { type Clients, createClients } from './clients.ts';
import { type CloudApi, createCloudApi } from './cloud-api.ts';
import { type ConsoleUser, createConsoleUser } from './console-user.ts';
import { deploy, type Outputs } from './deploy.ts';
import { type MiniStack, startMiniStack } from './ministack.ts';
import { type Assembly, synthesize, thisProject } from './synthesize.ts';
import type { Timings } from './timings.ts';

/** The origin whose pages may call the API. */
export const PAGE_ORIGIN = 'https://app.example.com';

/** A stack as its users see it. */
export type Reached = {
  readonly adminKey: string;
  /** With the admin key. */
  readonly api: CloudApi;
  /** With any other key, or none. */
  apiWith(key: string | undefined): CloudApi;
  /** A page of this origin in somebody's browser. */
  pageAt(origin: string): Page;
  readonly consoleUser: ConsoleUser;
};

/** Stocktake deployed into an AWS account on this machine, beside an S3 server that is not part of it. */
export type Cloud = Reached & {
  readonly clients: Clients;
  readonly assembly: Assembly;
  readonly outputs: Outputs;
  /** Another stack in the same account, by its outputs. */
  reach(outputs: Outputs): Promise<Reached>;
  readonly bus: BusListener;
  readonly s3: S3Server;
  /** What MiniStack and the functions have said. */
  log(): string;
  /** Ends everything. A failed test keeps the log; returns where. */
  close(outcome: 'passed' | 'failed'): Promise<string | undefined>;
};

/** How the stack is deployed here. The emulator starts functions on this machine, whatever their VPC. */
export const context: Readonly<Record<string, string>> = {
  privateEndpoints: '127.0.0.1',
  removalPolicy: 'destroy',
  corsOrigins: PAGE_ORIGIN,
  subnetIds: 'subnet-0123456789abcdef0',
  securityGroupIds: 'sg-0123456789abcdef0',
};

/** What is deployed: the tree of this version or of another, with settings that it knows. */
export type Deployment = { readonly project?: string; readonly settings?: Readonly<Record<string, string>> };

/** Does what the README tells a new user to do: synth, deploy, read the admin key. Leaves nothing running if it fails. */
export async function startCloud(
  timings: Timings,
  { project = thisProject, settings = context }: Deployment = {},
): Promise<Cloud> {
  const s3 = await startS3Server();
  const folder = mkdtempSync(join(tmpdir(), 'stocktake-cdk-'));
  let ministack: MiniStack | undefined;
  try {
    const assembly = await timings.measure('cdk synth', async () => synthesize(folder, settings, project));
    const started = await timings.measure('MiniStack starts', startMiniStack);
    ministack = started;
    const clients = createClients(started.endpoint);
    const outputs = await timings.measure('deploy', () => deploy(clients, assembly));
    const reach = async ({ AdminKeyCommand = '', ApiUrl = '', ScheduleGroupName = '' }: Outputs) => {
      const url = invokeUrl(started.endpoint, ApiUrl);
      const adminKey = await readAdminKey(clients, AdminKeyCommand);
      const apiWith = (other: string | undefined) => createCloudApi(url, other);
      const pageAt = (origin: string) => createPage(origin, url);
      const consoleUser = createConsoleUser(clients, ScheduleGroupName);
      return { adminKey, api: apiWith(adminKey), apiWith, pageAt, consoleUser };
    };
    return {
      ...{ clients, assembly, outputs, s3, reach },
      ...(await reach(outputs)),
      bus: await listenToBus(clients, outputs.EventBusName ?? ''),
      log: started.log,
      async close(outcome) {
        const kept = outcome === 'failed' ? join(tmpdir(), `stocktake-e2e-${process.pid}.log`) : undefined;
        if (kept !== undefined) copyFileSync(started.logFile, kept);
        await Promise.all([started.close(), s3.close()]);
        rmSync(folder, { recursive: true, force: true });
        return kept;
      },
    };
  } catch (error) {
    await Promise.all([ministack?.close(), s3.close()]);
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The host of an API's own URL cannot be resolved here; its first label is the API's id, and the stage has no name. */
function invokeUrl(endpoint: string, apiUrl: string): string {
  const [, apiId] = /^https?:\/\/([^.]+)\.execute-api\./.exec(apiUrl) ?? [];
  if (apiId === undefined) throw new Error(`the output ApiUrl is not the URL of an API: ${apiUrl}`);
  return `${endpoint}/_aws/execute-api/${apiId}/$default`;
}

/** Reads the secret that the stack's output tells to read. */
async function readAdminKey({ secrets }: Clients, command: string): Promise<string> {
  const [, SecretId] = /^aws secretsmanager get-secret-value .*--secret-id (\S+)/.exec(command) ?? [];
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  if (!SecretString) throw new Error(`no admin key is found by: ${command}`);
  return SecretString;
}
