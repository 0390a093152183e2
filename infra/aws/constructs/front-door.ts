import { Duration, Fn } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Construct } from 'constructs';
import type { StackConfig } from '../config/config.ts';
import { acknowledge } from './acknowledge.ts';
import { type FrontDoorSecret, headers } from './front-door-secret.ts';
import type { HttpApi } from './http-api.ts';
import { longestAnswer } from './stocktake-function.ts';

type FrontDoorProps = {
  readonly config: Pick<
    StackConfig,
    'namePrefix' | 'customDomain' | 'certificateArn' | 'webAclArn' | 'frontDoorRotation'
  >;
  readonly http: HttpApi;
  readonly secret: FrontDoorSecret;
};

/**
 * A distribution in front of the HTTP API. AWS absorbs floods there, and a web ACL of the user's can refuse callers before
 * they cost an invocation, which an HTTP API has no means of its own for. It keeps nothing, and adds a secret to each request:
 * the functions refuse what comes without, for the gateway's own address stays open to everybody.
 */
export class FrontDoor extends Construct {
  readonly url: string;
  /** What the record of a domain in DNS has to name. */
  readonly target: string;

  constructor(scope: Construct, id: string, { config, http, secret }: FrontDoorProps) {
    super(scope, id);
    const origin = new HttpOrigin(Fn.select(2, Fn.split('/', http.url)), {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [OriginSslPolicy.TLS_V1_2],
      readTimeout: Duration.seconds(longestAnswer.toSeconds() + 1),
      // A reference that CloudFormation resolves: the secret is in no template.
      customHeaders: { [headers.secret]: secret.reference },
    });
    const distribution = new Distribution(this, 'Distribution', {
      // CloudFormation reads the secret anew only when it changes the distribution, which another number here makes it do.
      comment: `${config.namePrefix}: front door, secret ${config.frontDoorRotation}`,
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: {
        origin,
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        // The gateway knows its own name alone, so Host is not passed on.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        responseHeadersPolicy: this.#overTlsOnly(config.namePrefix),
        // No redirect: whoever asks over plain HTTP has told the key already, and should see that it fails.
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        functionAssociations: [{ eventType: FunctionEventType.VIEWER_REQUEST, function: this.#viewer() }],
      },
      ...(config.webAclArn === undefined ? {} : { webAclId: config.webAclArn }),
      ...this.#domain(config),
    });
    this.url = `https://${distribution.distributionDomainName}`;
    this.target = distribution.distributionDomainName;
    this.#acknowledge(config);
  }

  /** Tells the functions the address of who calls, over whatever a caller wrote there. The managed policy that leaves out Host
   *  passes on what callers sent, and none of the headers that CloudFront can add itself. */
  #viewer(): EdgeFunction {
    const code = `function handler(event){var r=event.request;r.headers['${headers.viewer}']={value:event.viewer.ip};return r;}`;
    return new EdgeFunction(this, 'Viewer', {
      comment: 'Tells Stocktake who calls',
      code: FunctionCode.fromInline(code),
      runtime: FunctionRuntime.JS_2_0,
    });
  }

  /** As the functions say it, for what the distribution and the gateway answer by themselves. */
  #overTlsOnly(namePrefix: string): ResponseHeadersPolicy {
    return new ResponseHeadersPolicy(this, 'OverTlsOnly', {
      comment: `${namePrefix}: over TLS alone`,
      securityHeadersBehavior: {
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: true },
      },
    });
  }

  #domain({ customDomain, certificateArn }: FrontDoorProps['config']) {
    if (customDomain === undefined || certificateArn === undefined) return {};
    return {
      domainNames: [customDomain],
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    };
  }

  #acknowledge({ customDomain, webAclArn }: FrontDoorProps['config']): void {
    const everywhere =
      'Whose callers come from where is not ours to know; allowedCidrs and a web ACL can shut out networks.';
    acknowledge(this, everywhere, 'AwsSolutions-CFR1');
    const logs = 'What gets through is in the access log of the HTTP API; what a web ACL refuses, that logs itself.';
    acknowledge(this, logs, 'AwsSolutions-CFR3');
    if (webAclArn === undefined) {
      const acl = 'A web ACL costs by the rule and the request: whoever wants one names it in webAclArn.';
      acknowledge(this, acl, 'AwsSolutions-CFR2');
    }
    if (customDomain === undefined) {
      const tls =
        "CloudFront lets nobody choose the versions of TLS under its own domain's certificate; with customDomain it is 1.2.";
      acknowledge(this, tls, 'AwsSolutions-CFR4');
    }
  }
}
