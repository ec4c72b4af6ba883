import { type CorpusService, check, dockerfileOf } from '../service.ts';

/** Debian's configuration, where users may write into their homes. */
export const vsftpd: CorpusService = {
  name: 'vsftpd',
  dockerfile: dockerfileOf({
    packages: 'vsftpd',
    steps: [
      "RUN sed -i 's/^#write_enable=YES/write_enable=YES/' /etc/vsftpd.conf && mkdir -p /run/vsftpd/empty",
      'RUN useradd -m -s /bin/bash guest && echo guest:secret | chpasswd',
    ],
    ports: ['21'],
    command: ['vsftpd', '/etc/vsftpd.conf'],
  }),
  // As the first process it would end: it gets to know of the end of sessions that it did not begin itself.
  options: ['--init'],
  async use({ client, again }) {
    const url = 'ftp://guest:secret@127.0.0.1/marker';
    if (again) check((await client(`curl -fsS ${url}`)) === 'kept', 'the file is gone');
    const said = await client(
      `echo kept | curl -fsS -T - ${url} && curl -fsS ${url} && curl -fsS ftp://guest:secret@127.0.0.1/`,
    );
    check(said.startsWith('kept\n') && said.includes('marker'), `it answered otherwise: ${said}`);
  },
};
