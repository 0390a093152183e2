import { CfnApiMapping, CfnDomainName } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import type { HttpApi } from './http-api.ts';

type CustomDomainProps = {
  readonly config: Pick<StackConfig, 'customDomain' | 'certificateArn'>;
  readonly http: HttpApi;
};

/** The API under a domain name of the user's own, over TLS 1.2 or newer. The record in DNS is the user's to make. */
export class CustomDomain extends Construct {
  /** What the record in DNS has to name: an alias record, or a CNAME. */
  readonly target: string;

  constructor(scope: Construct, id: string, { config, http }: CustomDomainProps) {
    super(scope, id);
    const { customDomain = '', certificateArn = '' } = config;
    const domain = new CfnDomainName(this, 'Name', {
      domainName: customDomain,
      domainNameConfigurations: [{ certificateArn, endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' }],
    });
    this.target = domain.attrRegionalDomainName;
    const mapping = new CfnApiMapping(this, 'Mapping', {
      apiId: http.apiId,
      domainName: domain.ref,
      stage: '$default',
    });
    // It names the stage, which therefore has to be there.
    mapping.node.addDependency(http);
  }
}
