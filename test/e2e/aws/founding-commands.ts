import type { S3Server } from '#local/demo/s3-server/server.ts';

/** The body of the command by which users of the S3 connector register it: `curl -XPUT …/connector/s3?replace=true -d`. */
export const connectorBody = {
  name: 'S3 Object Storage Connector',
  description: 'Fetch file metadata from S3 cloud storage.',
  category: 'cloud_storage',
  icon: '/assets/icons/connector/s3/icon.png',
  tags: ['s3', 'storage'],
  url: 'http://coco.rs/connectors/s3',
  assets: { icons: { default: '/assets/icons/connector/s3/icon.png' } },
  processor: { enabled: true, name: 's3' },
};

/** The body of the command by which they create a datasource, with a server's own values filled in. */
export function datasourceBody(s3: S3Server, bucket: string) {
  return {
    name: 'My S3 Documents',
    type: 'connector',
    enabled: true,
    connector: {
      id: 's3',
      config: {
        access_key_id: s3.credentials.accessKeyId,
        secret_access_key: s3.credentials.secretAccessKey,
        bucket,
        endpoint: s3.endpoint,
        use_ssl: false,
        prefix: '',
        extensions: ['pdf', 'docx', 'txt'],
      },
    },
    sync: { enabled: true, interval: '5m' },
  };
}

/** The body of the command by which FlexOrch's users create a connector: `curl -X POST …/v1/connectors -d`. */
export function flexorchConnectorBody(s3: S3Server, bucket: string) {
  return {
    type: 's3',
    name: 'my-s3-connector',
    config: {
      bucket,
      region: 'eu-west-1',
      aws_access_key_id: s3.credentials.accessKeyId,
      aws_secret_access_key: s3.credentials.secretAccessKey,
      endpoint: s3.endpoint,
      use_ssl: false,
    },
  };
}
