import { file } from '../../images/dockerfile.ts';
import { type CorpusService, check, dockerfileOf } from '../service.ts';

/** Mail of a user of the system, in his home. */
export const dovecot: CorpusService = {
  name: 'dovecot',
  dockerfile: dockerfileOf({
    packages: 'dovecot-imapd ssl-cert',
    steps: [
      file(
        '/etc/dovecot/conf.d/99-local.conf',
        'mail_location = maildir:~/Maildir\nlog_path = /dev/stderr\n',
      ),
      'RUN useradd -m -s /bin/bash guest && echo guest:secret | chpasswd',
    ],
    ports: ['143', '993'],
    command: ['dovecot', '-F'],
  }),
  async use({ client, again }) {
    const curl = 'curl -fsS -k -u guest:secret';
    const read = `${curl} "imaps://127.0.0.1/INBOX;MAILINDEX=1"`;
    if (again) check((await client(read)).includes('the mail is kept'), 'the mail is gone');
    await client(
      `printf 'From: a@example.org\\r\\nSubject: word\\r\\n\\r\\nthe mail is kept\\r\\n' > /tmp/mail && ${curl} -T /tmp/mail imap://127.0.0.1/INBOX && ${read}`,
    );
    await client(`${curl} "imap://127.0.0.1/INBOX?SUBJECT%20word" | grep SEARCH`);
  },
};
