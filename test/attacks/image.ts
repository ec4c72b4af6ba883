/** The image that is attacked, and the foreign code that it does not hold. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureServiceImage } from '../../range/index.ts';
import { run } from '../../src/host/index.ts';

/** Programs of the image that attacks use up, `/opt/victims/1` and on. */
export const VICTIMS = 5000;
/** Smaller ones that races use up, `/opt/race/1` and on. */
export const RACE_VICTIMS = 26_000;

const PACKAGES = [
  ...['gcc', 'libc6-dev', 'tcc', 'make', 'binutils', 'python3', 'perl', 'lua5.4', 'gawk', 'php-cli'],
  ...[
    'apache2',
    'libapache2-mod-php',
    'busybox',
    'cpio',
    'unzip',
    'zip',
    'openssl',
    'cron',
    'libcap2-bin',
    'ed',
    'm4',
  ],
];

const source = (name: string) => readFileSync(join(import.meta.dirname, 'tools', `${name}.c`));
const compile = (name: string, options: string) =>
  `RUN printf %s ${source(name).toString('base64')} | base64 -d | gcc -O2 -x c - ${options}`;
const FREESTANDING =
  '-DFREESTANDING -Os -fPIC -fno-toplevel-reorder -static -nostdlib -Wl,-z,noseparate-code -Wl,--build-id=none -s';

const dockerfile = () => `FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ${PACKAGES.join(' ')} && rm -rf /var/lib/apt/lists/*
RUN mkdir -p /opt/tools /opt/victims /opt/race /opt/lib /opt/plugins /opt/python /opt/scripts
${['overwrite', 'descriptor', 'inject'].map((name) => compile(name, `-o /opt/tools/${name}`)).join('\n')}
${compile('race', '-pthread -o /opt/tools/race')}
${compile('ordinary', '-shared -fPIC -s -o /opt/lib/libordinary.so')}
${compile('uses-ordinary', '-Wl,--enable-new-dtags -Wl,-rpath,/opt/plugins:/opt/lib -L/opt/lib -lordinary -o /opt/tools/uses-ordinary').replace('gcc -O2 -x c -', 'gcc -O2 -x c - -x none')}
${compile('product', '-Os -s -Wl,-z,noseparate-code -o /opt/tools/product')}
${compile('payload', `-DSILENT ${FREESTANDING} -o /opt/tools/silent`)}
RUN python3 -c 'import shutil; \\
 [shutil.copy("/opt/tools/product", "/opt/victims/%d" % n) for n in range(1, ${VICTIMS + 1})]; \\
 [shutil.copy("/opt/tools/silent", "/opt/race/%d" % n) for n in range(1, ${RACE_VICTIMS + 1})]'
RUN printf '#!/bin/sh\\n:\\n' > /opt/scripts/hook && printf '# nothing\\n' > /opt/race/script && chmod +x /opt/scripts/hook \\
 && echo 'def greet(): return "hello"' > /opt/python/greeter.py \\
 && echo '<?php include $_GET["page"];' > /var/www/html/page.php && echo '<?php echo 1;' | tee /var/www/html/other.php > /opt/scripts/page.php \\
 && printf '<Directory /var/www/>\\n AllowOverride All\\n</Directory>\\n' > /etc/apache2/conf-enabled/override.conf \\
 && echo ServerName localhost >> /etc/apache2/apache2.conf && install -d -m 0777 /var/www/html/uploads
CMD ["sh", "-c", "[ -x /opt/autorun ] && /opt/autorun; exec sleep infinity"]
`;

/** Builds the image, or finds that of an earlier run; answers with its reference. */
export async function ensureAttackImage(): Promise<string> {
  return (await ensureServiceImage({ name: 'attacks', dockerfile: dockerfile() })).reference;
}

/** The foreign code in its forms, and what it says when it runs. */
export interface Payload {
  /** What it prints: the product of two numbers, so that no command line, no file and no error message holds it. */
  readonly token: string;
  /** Environment variables for the shell that attacks: programs in base64, scripts as they are. */
  readonly environment: Readonly<Record<string, string>>;
  /** The static program, for what is done from the host. */
  readonly program: Buffer;
}

/** Compiles the foreign code in a container that is thrown away; its numbers are new each time. */
export async function makePayload(image: string, label: string): Promise<Payload> {
  const [a, b] = [randomInt(2 ** 25, 2 ** 26), randomInt(2 ** 25, 2 ** 26)];
  const gcc = `gcc -x c /p.c -DA=${a}UL -DB=${b}UL`;
  const script = [
    'set -e; cd /tmp; cat > /p.c',
    `${gcc} ${FREESTANDING} -o program; ${gcc} -O2 -s -Wl,-z,noseparate-code -o dynamic`,
    `${gcc} -O2 -s -DLIBRARY -shared -fPIC -nostdlib -Wl,-z,noseparate-code -o library.so`,
    'objcopy -O binary -j .text program code; chmod 755 program',
    'tar -cf a.tar program; echo program | cpio --quiet -o -H newc > a.cpio; zip -q a.zip program',
    'for f in program dynamic library.so code a.tar a.cpio a.zip; do base64 -w0 $f; echo; done',
  ].join('\n');
  const result = await run(
    'docker',
    ['run', '--rm', '-i', '--network', 'none', '--label', label, image, 'sh', '-c', script],
    {
      input: source('payload'),
    },
  );
  const [program = '', dynamic = '', library = '', code = '', tar = '', cpio = '', zip = ''] =
    result.stdout.split('\n');
  if (result.code !== 0 || zip === '') throw new Error(`the payload was not compiled: ${result.stderr}`);
  return {
    token: `ran-${a * b}`,
    program: Buffer.from(program, 'base64'),
    environment: {
      ...{ A: String(a), B: String(b), program, dynamic, library, code, tar, cpio, zip },
      source: `#define A ${a}UL\n#define B ${b}UL\n${source('payload')}`,
      shell: `echo ran-$((${a}*${b}))`,
      python: `print("ran-%d" % (${a}*${b}))`,
      perl: `print "ran-", ${a}*${b}, "\\n";`,
      php: `<?php echo "ran-", ${a}*${b}, "\\n"; ?>`,
      lua: `print("ran-" .. ${a}*${b})`,
      awk: `BEGIN { printf "ran-%.0f\\n", ${a}*${b} }`,
    },
  };
}
