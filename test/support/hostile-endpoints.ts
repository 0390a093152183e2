import { readFileSync } from 'node:fs';

/** One endpoint that must not be dialled, and what the resolver says of the names in it, answer by answer. */
export type HostileEndpoint = {
  readonly kind: string;
  readonly text: string;
  /** The addresses of each lookup in turn, the last one for all that follow; absent: as the system's resolver would. */
  readonly answers?: readonly (readonly string[])[];
};

type Vectors = { readonly refuse: readonly string[]; readonly refuse_as_path: readonly string[] };

/** https://www.iana.org/assignments/iana-ipv4-special-registry: one or more of each that is no public address. */
const insideV4 = [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.5',
  '172.16.3.4',
  '172.31.255.1',
  '192.168.1.1',
  '100.64.0.7',
];

/** Where clouds serve credentials: AWS (also of containers and pods), Google, Azure, Alibaba, Oracle, DigitalOcean, others. */
export const metadataAddresses = [
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
  ...['168.63.129.16', '100.100.100.200', 'fd00:100::100:200', '192.0.0.192', 'fd00:c1::a9fe:a9fe'],
  ...['169.254.42.42', 'fd00:42::42', '169.254.0.23', 'fd00:a9fe:a9fe::1', 'fe80::a9fe:a9fe'],
];

/** Never an address of a server, in any mode. */
const nobodys = [
  '0.0.0.0',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
];

/** All of them with `port`, so that what is dialled meets a listener there. */
export function hostileEndpoints(port: number): HostileEndpoint[] {
  const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/endpoints.json', import.meta.url), 'utf8'));
  return [
    ...spellings(port),
    ...metadata(port),
    ...literalsOfNobody(port),
    ...oddTexts(port),
    ...names(port),
    ...rebindings(port),
    ...[...vectors.refuse, ...vectors.refuse_as_path].map((text) => ({ kind: 'vectors', text })),
  ];
}

function spellings(port: number): HostileEndpoint[] {
  const v4 = insideV4.flatMap((address) =>
    [...odd(address), ...embedded(address), ...unicode(address)].map(([kind, host]) => ({ kind, host })),
  );
  const plain = [...insideV4, '[::1]', '[0:0:0:0:0:0:0:1]', '[fd12:3456::1]', '[fc00::7]', '[::ffff:7f00:1]'];
  const local = ['localhost', 'LOCALHOST', 'a.localhost', 'a_b.localhost', 'localhost.', 'a.LocalHost.'];
  return [
    ...v4,
    ...plain.map((host) => ({ kind: 'plain', host })),
    ...plain.map((host) => ({ kind: 'with a dot behind it', host: `${host}.` })),
    ...plain.map((host) => ({ kind: 'with a path', host: `${host}`, path: '/s3' })),
    ...local.map((host) => ({ kind: 'localhost', host })),
  ].map(({ kind, host, ...more }) => ({
    kind,
    text: `${host}:${port}${'path' in more ? more.path : ''}`,
  }));
}

/** What inet_aton(3) and URL parsers read as the address, and no rule for it does. */
function odd(address: string): [string, string][] {
  const parts = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = (value: number) => `0x${value.toString(16)}`;
  const octal = (value: number) => `0${value.toString(8)}`;
  return [
    ['decimal', String(whole)],
    ['hexadecimal', hex(whole)],
    ['octal', octal(whole)],
    ['hexadecimal parts', parts.map(hex).join('.')],
    ['octal parts', parts.map(octal).join('.')],
    ['octal parts', parts.map((part) => `000${octal(part)}`).join('.')],
    ['short', `${a}.${b * 65_536 + c * 256 + d}`],
    ['short', `${a}.${b}.${c * 256 + d}`],
    ['mixed', `${hex(a)}.${octal(b)}.${c * 256 + d}`],
    ['beyond its bits', String(whole + 2 ** 32)],
  ];
}

/** The address inside of one of IPv6, in each form that some network or library unwraps. */
function embedded(address: string): [string, string][] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const high = ((a << 8) | b).toString(16);
  const low = ((c << 8) | d).toString(16);
  const inverted = `${(((a << 8) | b) ^ 0xffff).toString(16)}:${(((c << 8) | d) ^ 0xffff).toString(16)}`;
  return [
    ['mapped', `[::ffff:${address}]`],
    ['mapped', `[::FFFF:${high}:${low}]`],
    ['mapped', `[0:0:0:0:0:ffff:${high}:${low}]`],
    ['compatible', `[::${address}]`],
    ['compatible', `[::${high}:${low}]`],
    ['translated (SIIT)', `[::ffff:0:${address}]`],
    ['translated (NAT64)', `[64:ff9b::${address}]`],
    ['translated (NAT64, local)', `[64:ff9b:1::${high}:${low}]`],
    ['6to4', `[2002:${high}:${low}::1]`],
    ['Teredo', `[2001:0:4136:e378:8000:63bf:${inverted}]`],
    ['ISATAP', `[fe80::5efe:${address}]`],
    ['site-local', `[fec0::${high}:${low}]`],
    ['with a zone', `[::ffff:${address}%25lo]`],
    ['with a zone', `[fe80::${high}:${low}%lo]`],
  ];
}

/** What IDNA (UTS 46) makes digits and dots of. */
function unicode(address: string): [string, string][] {
  const shift = (from: number) => address.replace(/\d/g, (digit) => String.fromCodePoint(from + Number(digit)));
  const circled = address.replace(/\d/g, (digit) =>
    digit === '0' ? '\u24ea' : String.fromCodePoint(0x2460 + Number(digit) - 1),
  );
  return [
    ['IDNA digits, fullwidth', shift(0xff10)],
    ['IDNA digits, bold', shift(0x1d7ce)],
    ['IDNA digits, circled', circled],
    ['IDNA dots, ideographic', address.replaceAll('.', '\u3002')],
    ['IDNA dots, fullwidth', address.replaceAll('.', '\uff0e')],
    ['IDNA dots, halfwidth', address.replaceAll('.', '\uff61')],
    ['ignored code points', address.replace('.', '\u00ad.')],
    ['ignored code points', `${address}\u200b`],
  ];
}

function metadata(port: number): HostileEndpoint[] {
  const literals = metadataAddresses.flatMap((address) => {
    const host = address.includes(':') ? `[${address}]` : address;
    const mapped = address.includes(':')
      ? []
      : [`[::ffff:${address}]`, `[64:ff9b::${address}]`, ...odd(address).map(([, text]) => text)];
    return [host, `${host}.`, `${host}:80`, `${host}/latest/meta-data`, ...mapped, `${host}:${port}`];
  });
  const known = [
    'metadata.google.internal',
    'metadata',
    'instance-data',
    'metadata.tencentyun.com',
    'api.metadata.cloud.ibm.com',
  ];
  return [
    ...literals.map((text) => ({ kind: 'metadata', text })),
    ...known.flatMap((name) =>
      ['', '.', ':80', '/computeMetadata/v1'].map((behind) => ({
        ...{ kind: 'metadata by name', text: `${name}${behind}`, answers: [['169.254.169.254']] },
      })),
    ),
    ...metadataAddresses.map((address, index) => ({
      ...{ kind: 'metadata by name', text: `bucket-${index}.example.com`, answers: [[address]] },
    })),
  ];
}

function literalsOfNobody(port: number): HostileEndpoint[] {
  const v6 = [
    '[::]',
    '[fe80::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '[2001::1]',
    '[100::1]',
    '[5f00::1]',
    '[3fff::1]',
    '[4000::1]',
  ];
  return [...nobodys, ...v6].map((host) => ({ kind: 'of nobody', text: `${host}:${port}` }));
}

/** Texts that one reader takes for another host, port or path than the next one. */
function oddTexts(port: number): HostileEndpoint[] {
  const inside = `127.0.0.1:${port}`;
  return [
    `http://${inside}`,
    `https://${inside}/`,
    `//${inside}`,
    `ftp://${inside}`,
    `file:///etc/passwd`,
    `user@${inside}`,
    `user:password@${inside}`,
    `example.com@${inside}`,
    `example.com:80@${inside}`,
    `example.com\\@${inside}`,
    `example.com#@${inside}`,
    `example.com?@${inside}`,
    `${inside}#.example.com`,
    `${inside}?.example.com`,
    `${inside}\\.example.com`,
    `127.0.0.1:${port}:80`,
    `127.0.0.1:0`,
    `127.0.0.1:${port + 65_536}`,
    `127.0.0.1:-1`,
    `127.0.0.1:+${port}`,
    `127.0.0.1:0x50`,
    `127.0.0.1: ${port}`,
    ` ${inside}`,
    `${inside} `,
    `\t${inside}`,
    `${inside}\r\nHost: example.com`,
    `${inside}\u0000.example.com`,
    `%31%32%37.0.0.1:${port}`,
    `127%2e0%2e0%2e1:${port}`,
    `[::1`,
    `::1]`,
    `::1:${port}`,
    `[::1]:${port}:1`,
    `[[::1]]:${port}`,
    `[127.0.0.1]:${port}`,
    `[::1%lo]:${port}`,
    `[::1%251]:${port}`,
    `[fe80::1%eth0]:${port}`,
    `[::127.1]:${port}`,
    `[::ffff:0x7f.1]:${port}`,
    `localhost..:${port}`,
    `.localhost:${port}`,
    `127.0.0.1..:${port}`,
    `127..0.0.1:${port}`,
    `l\u014dcalhost:${port}`,
    `\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54:${port}`,
    `xn--a.example.com:${port}`,
    `xn--:${port}`,
    `xn--80ak6aa92e.0x7f:${port}`,
    `\u202e${inside}`,
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(130)}com`,
    '..',
    '.',
    '-',
    '_-.example.com',
    `0:${port}`,
    `00:${port}`,
    `0x:${port}`,
    `1:${port}`,
    `127.0.0.0x1:${port}`,
    `127.0.0.1.0x7f:${port}`,
    `example.1:${port}`,
    `example.0x7f.:${port}`,
  ].map((text) => ({ kind: 'odd text', text, answers: [['127.0.0.1']] }));
}

function names(port: number): HostileEndpoint[] {
  const leads = [
    ...insideV4,
    '::1',
    'fd12:3456::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::127.0.0.1',
    '0.0.0.0',
    '::',
    'not an address',
    '127.1',
    '0x7f.1',
  ];
  const spelt = [
    'inside.example.com',
    'inside.example.com.',
    'IN_SIDE.example.com',
    'inside.example.com/s3',
    'xn--bcher-kva.example.com',
  ];
  return leads.flatMap((address, index) =>
    spelt.map((name, place) => ({
      kind: 'name that leads inside',
      text: name
        .replace('.example', `-${index}-${place}.example`)
        .replace('.com', `.com`)
        .replace(/^([^/]+)/, `$1:${port}`),
      answers: [[address]],
    })),
  );
}

/** A name that is public when it is asked first, and inside when it is dialled, or the two mixed in one answer. */
function rebindings(port: number): HostileEndpoint[] {
  const open = '93.184.216.34';
  const openV6 = '2606:2800:220:1::1';
  const inside = [...insideV4, '::1', 'fd12::1', '169.254.169.254', 'fd00:ec2::254', '::ffff:127.0.0.1'];
  return inside.flatMap((address, index) =>
    [
      [[open], [address]],
      [[open], [open], [address]],
      [[open], [address], [open], [address], [open], [address]],
      [[open, address]],
      [[address, open]],
      [[openV6, address]],
      [
        [open, openV6],
        [openV6, address, open],
      ],
      [[openV6], [address], [openV6, address]],
      [[open, open, open, address]],
    ].map((answers, turn) => ({
      kind: 'rebinding',
      text: `rebind-${index}-${turn}.example.com:${port}`,
      answers,
    })),
  );
}

/** Endpoints of public servers in every form that is one: each must be asked for. */
export const goodEndpoints: readonly string[] = [
  's3.amazonaws.com',
  's3.us-east-1.amazonaws.com',
  's3.eu-west-1.amazonaws.com',
  's3-us-west-2.amazonaws.com',
  's3.dualstack.eu-central-1.amazonaws.com',
  's3-fips.us-gov-west-1.amazonaws.com',
  's3.cn-north-1.amazonaws.com.cn',
  's3.eusc-de-east-1.amazonaws.eu',
  'S3.EU-WEST-1.AMAZONAWS.COM',
  's3.eu-west-1.amazonaws.com.',
  's3.eu-west-1.amazonaws.com:443',
  'bucket.vpce-0123-abc.s3.eu-west-1.vpce.amazonaws.com',
  's3.wasabisys.com',
  's3.eu-central-1.wasabisys.com',
  's3.us-west-000.backblazeb2.com',
  'nyc3.digitaloceanspaces.com',
  'storage.googleapis.com',
  'storage.googleapis.com:443',
  '0123456789abcdef.r2.cloudflarestorage.com',
  '0123456789abcdef.eu.r2.cloudflarestorage.com',
  's3.fr-par.scw.cloud',
  'eu-central-1.linodeobjects.com',
  'ewr1.vultrobjects.com',
  'fsn1.your-objectstorage.com',
  's3.gra.io.cloud.ovh.net',
  'oss-eu-central-1.aliyuncs.com',
  'cos.eu-frankfurt.myqcloud.com',
  'obs.eu-west-101.myhuaweicloud.com',
  's3.eu-de.cloud-object-storage.appdomain.cloud',
  'namespace.compat.objectstorage.eu-frankfurt-1.oraclecloud.com',
  'minio.example.com',
  'minio.example.com:9000',
  'minio.example.com.:9000',
  'MINIO.Example.COM:9000',
  'minio.example.com:1',
  'minio.example.com:65535',
  'my_server.example.com',
  '_s3._tcp.example.com',
  '_s3._tcp.example.com:9000',
  'my_server.example.com.',
  'under_score_.example.com',
  '_.example.com',
  'xn--bcher-kva.example.com',
  'xn--bcher-kva.example.com:9000',
  'a.b.c.d.e.f.example.com',
  '1.example.com',
  '127.example.com',
  '127.0.0.1.example.com',
  '0x7f.example.com',
  'localhost.example.com',
  'localhost-not.example.com',
  'notlocalhost',
  'minio',
  'minio:9000',
  `${'a'.repeat(63)}.example.com`,
  'project.storage.example.com/storage/v1/s3',
  'project.storage.example.com/storage/v1/s3/',
  'files.example.com:8443/s3',
  'files.example.com./s3',
  'files.example.com/A-b_c.d~e',
  '8.8.8.8',
  '8.8.8.8:9000',
  '8.8.8.8.',
  '1.1.1.1/s3',
  '9.255.255.255',
  '11.0.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '223.255.255.255',
  '[2606:4700:4700::1111]',
  '[2606:4700:4700::1111]:9000',
  '[2606:4700:4700:0:0:0:0:1111]/s3',
  '[2A00:1450:4001::1]',
  '[::ffff:8.8.8.8]',
  '[2400:cb00::1]',
];

/** Answers of a server that point elsewhere, for each status that means to. */
export function redirections(port: number): { status: number; headers: Record<string, string>; body: string }[] {
  const places = [`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`, '169.254.169.254', `2130706433:${port}`];
  const byHeader = [301, 302, 303, 307, 308].flatMap((status) =>
    places.flatMap((place) =>
      [`http://${place}/latest/meta-data/`, `//${place}/`].map((location) => ({
        status,
        headers: { location },
        body: '',
      })),
    ),
  );
  const byBody = places.flatMap((place) =>
    [
      [301, 'PermanentRedirect'],
      [307, 'TemporaryRedirect'],
      [301, 'Redirect'],
    ].map(([status, code]) => ({
      status: Number(status),
      headers: { 'content-type': 'application/xml', location: `http://${place}/` },
      body: `<Error><Code>${code}</Code><Message>go on</Message><Endpoint>${place}</Endpoint><Bucket>b</Bucket></Error>`,
    })),
  );
  const byRegion = ['127.0.0.1', `x@127.0.0.1:${port}/`, `127.0.0.1:${port}#`, 'eu-west-1', '169.254.169.254'].flatMap(
    (region) =>
      [301, 400, 403].map((status) => ({
        status,
        headers: { 'content-type': 'application/xml', 'x-amz-bucket-region': region },
        body: `<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting ${region}</Message><Region>${region}</Region></Error>`,
      })),
  );
  const byOthers = places.map((place) => ({
    status: 200,
    headers: { refresh: `0; url=http://${place}/`, 'alt-svc': `h2="${place}"`, 'content-location': `http://${place}/` },
    body: `<html><meta http-equiv="refresh" content="0;url=http://${place}/"></html>`,
  }));
  return [...byHeader, ...byBody, ...byRegion, ...byOthers];
}
