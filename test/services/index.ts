export { mariadb } from './mariadb.ts';
export { nginx } from './nginx.ts';
export { nodeWeb } from './node-web.ts';
export { postgresql } from './postgresql.ts';
export { pythonWeb } from './python-web.ts';
export { rabbitmq } from './rabbitmq.ts';
export { redis } from './redis.ts';
export { tomcat } from './tomcat.ts';
