/** Code that is in no file, or in none that could be known for code. */
import type { Attack } from '../attack.ts';

const NO_FILE =
  'Nothing is executed, loaded or read from a file: it is memory of a process of the image’s own program.';

const inject = (id: string, title: string, way: string, more: Partial<Attack> = {}): Attack => ({
  id,
  title,
  technique: 'T1055',
  where: 'default',
  expected: 'not-covered',
  why: NO_FILE,
  run: `raw code | /opt/tools/inject ${way}`,
  ...more,
});

export const MEMORY: Attack[] = [
  inject('ptrace', 'written into a process by ptrace(2)', 'ptrace', { technique: 'T1055.008' }),
  inject('proc-mem', 'written into a process by /proc/PID/mem', 'mem', { technique: 'T1055.009' }),
  inject('shm', 'in shared memory that is attached executable (shmat(2))', 'shm'),
  inject('mmap', 'in executable memory of the attacker’s own process', 'map'),
  inject('ctypes', 'in executable memory that Python made (ctypes)', '', {
    technique: 'T1620',
    run: `python3 -c 'import base64, ctypes, mmap, os
m = mmap.mmap(-1, 65536, prot=7); m.write(base64.b64decode(os.environ["code"]))
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()'`,
  }),
  inject('encoded', 'kept encoded in a file, decoded into executable memory', '', {
    technique: 'T1027.013',
    why: 'An encoded file is data; what is decoded from it is never a file again.',
    run: 'printenv code > $W/notes.txt; base64 -d $W/notes.txt | /opt/tools/inject map',
  }),
  inject('tcc', 'compiled into memory and run there (tcc -run)', '', {
    technique: 'T1027.004',
    why: 'A compiler that runs what it compiled is an interpreter; its source comes by a pipe.',
    run: 'printenv source | tcc -run -',
  }),
];
