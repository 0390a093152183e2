import * as z from 'zod';

function written(expression: RegExp, rule: string) {
  return z.string(rule).regex(expression, rule);
}

const aTable = 'must be the ARN of a table: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME';
const aStream = 'must be the ARN of the stream of a table: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/TIME';
export const tableArn = written(/^arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}$/, aTable);
export const streamArn = written(
  /^arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}\/stream\/[0-9TZ:.-]+$/,
  aStream,
);

export const keyArn = written(
  /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,128}$/,
  'must be the ARN of a KMS key, not of an alias: arn:aws:kms:REGION:ACCOUNT:key/ID',
);

export const busName = written(
  /^[A-Za-z0-9_.-]{1,256}$/,
  'must be the name of an event bus in this account and region: letters, digits and _.-',
);

export const topicArn = written(
  /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/,
  'must be the ARN of a standard SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME',
);

export const boundaryArn = written(
  /^arn:[a-z-]+:iam::(\d{12}|aws):policy\/[\w+=,.@/-]{1,511}$/,
  'must be the ARN of a managed policy: arn:aws:iam::ACCOUNT:policy/NAME',
);

export const certificateArn = written(
  /^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate\/[A-Za-z0-9-]+$/,
  'must be the ARN of a certificate of ACM, in the region of the stack or, with frontDoor, in us-east-1: arn:aws:acm:REGION:ACCOUNT:certificate/ID',
);

/** A distribution takes web ACLs that are everywhere, which stand in us-east-1:
 *  https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html */
export const webAclArn = written(
  /^arn:[a-z-]+:wafv2:us-east-1:\d{12}:global\/webacl\/[A-Za-z0-9_-]{1,128}\/[A-Za-z0-9-]{1,36}$/,
  'must be the ARN of a web ACL of the scope CLOUDFRONT, which stands in us-east-1: arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID',
);

/** Labels of letters, digits and hyphens: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html */
export const domainName = written(
  /^(?=.{4,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
  'must be a domain name in lower case such as catalogue.example.com',
);

export const subnetId = written(/^subnet-[0-9a-f]{8,17}$/, 'must be the id of a subnet: subnet-0123456789abcdef0');
export const securityGroupId = written(
  /^sg-[0-9a-f]{8,17}$/,
  'must be the id of a security group: sg-0123456789abcdef0',
);
