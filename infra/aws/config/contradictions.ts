type Settings = Readonly<Record<string, unknown>>;

type Rule = { readonly key: string; readonly isBroken: (settings: Settings) => boolean; readonly message: string };

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';

/** Two settings that say nothing without each other. */
function together(one: string, other: string, why: string): Rule[] {
  return [
    { key: one, isBroken: (all) => isSet(all[one]) && !isSet(all[other]), message: `must come with ${other}: ${why}` },
    { key: other, isBroken: (all) => isSet(all[other]) && !isSet(all[one]), message: `must come with ${one}: ${why}` },
  ];
}

/** Two settings of which the second would be ignored. */
function notTogether(one: string, other: string, why: string): Rule {
  return {
    key: one,
    isBroken: (all) => isSet(all[one]) && isSet(all[other]),
    message: `must not come with ${other}: ${why}`,
  };
}

const rules: readonly Rule[] = [
  ...together(
    'tableArn',
    'tableStreamArn',
    'schedules and events follow the stream (aws dynamodb describe-table --query Table.LatestStreamArn)',
  ),
  {
    key: 'tableStreamArn',
    isBroken: ({ tableArn, tableStreamArn }) =>
      isSet(tableArn) && isSet(tableStreamArn) && !String(tableStreamArn).startsWith(`${tableArn}/stream/`),
    message: 'must be the stream of the table in tableArn',
  },
  notTogether(
    'restoredTableStreamArn',
    'tableArn',
    'either the stack keeps a table of its own beside the restored one, or it has none',
  ),
  notTogether('maxWriteRequestUnits', 'tableArn', 'the limit of an existing table is its own'),
  notTogether('alarmEmail', 'alarmTopicArn', 'an existing topic has its own subscribers'),
  ...together('subnetIds', 'securityGroupIds', 'a function in a VPC has both'),
  {
    key: 'privateEndpoints',
    isBroken: ({ privateEndpoints, subnetIds }) => isSet(privateEndpoints) && !isSet(subnetIds),
    message: 'must come with subnetIds and securityGroupIds: a function outside of a VPC reaches no private address',
  },
  ...together('customDomain', 'certificateArn', 'a domain is served under a certificate of that name'),
  {
    key: 'webAclArn',
    isBroken: ({ webAclArn, frontDoor }) => isSet(webAclArn) && frontDoor !== 'cloudfront',
    message: 'must come with frontDoor=cloudfront: an HTTP API takes no web ACL of its own',
  },
  {
    key: 'certificateArn',
    isBroken: ({ certificateArn, frontDoor }) =>
      isSet(certificateArn) && frontDoor === 'cloudfront' && !String(certificateArn).includes(':acm:us-east-1:'),
    message: 'must be in us-east-1 with frontDoor=cloudfront: distributions take no certificate of another region',
  },
];

/** What no setting says wrong alone, but several do together: by the key that is to be changed. */
export function contradictions(settings: Settings): { key: string; message: string }[] {
  return rules.filter(({ isBroken }) => isBroken(settings)).map(({ key, message }) => ({ key, message }));
}
