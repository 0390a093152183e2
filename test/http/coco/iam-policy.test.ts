import { describe, expect, it } from 'vitest';
import { createApi, datasourceBody, readers } from '../api-fixture.ts';

describe('GET /datasource/{id}/_iam_policy', () => {
  it('given keys, it says what their user needs for this bucket and prefix', async () => {
    const api = createApi();
    const config = { endpoint: 's3.eu-west-1.amazonaws.com', prefix: 'in/' };
    const enrichment_pipeline = { processor: [{ s3_tags: {} }] };
    await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'ds', enrichment_pipeline }, config) });
    const { status, json, text } = await api.call('GET', '/datasource/ds/_iam_policy');
    expect(status).toBe(200);
    expect(json).toMatchObject({ bucket: 'your-bucket', prefix: 'in/', partition: 'aws', trust_policy: null });
    expect(json.policy.Statement[1]).toMatchObject({
      Action: ['s3:GetObject', 's3:GetObjectTagging'],
      Resource: ['arn:aws:s3:::your-bucket/in/*'],
    });
    expect(json.cli).toContain('aws iam put-user-policy');
    expect(text).not.toContain('AKIAEXAMPLE');
  });

  it('given a role that the connector names, it says who may take it, with the external id of the connector', async () => {
    const api = createApi();
    const config = { bucket: 'photos', region: 'cn-north-1', role_arn: 'arn:aws-cn:iam::111122223333:role/x' };
    const other = { bucket: 'photos', region: 'eu-west-1', role_arn: `${readers}photos` };
    expect((await api.call('POST', '/connector/', { body: { id: 'c', name: 'c', config } })).status).toBe(400);
    await api.call('POST', '/connector/', { body: { id: 'c', name: 'c', config: other } });
    const body = { id: 'ds', name: 'ds', type: 'connector', connector: { id: 'c', config: {} } };
    expect((await api.call('POST', '/datasource/', { body })).status).toBe(200);
    const { json } = await api.call('GET', '/datasource/ds/_iam_policy');
    const shown = (await api.call('GET', '/connector/c')).json._source.config.external_id;
    expect(json.trust_policy.Statement[0].Condition).toEqual({ StringEquals: { 'sts:ExternalId': shown } });
    expect(json.cli).toContain("aws iam create-role --role-name 'read-photos' --path '/'");
  });

  it('given no such datasource, it is a 404', async () => {
    expect((await createApi().call('GET', '/datasource/none/_iam_policy')).status).toBe(404);
  });
});
