import { file, requests, type Service, withPackages } from './service.ts';

const WEB_APPS = '/var/lib/tomcat10/webapps';

const COUNT = `<%@ page import="java.util.*" session="true" %>
<% List<Integer> squares = new ArrayList<>(); for (int i = 0; i < 10; i++) squares.add(i * i); %>
<html><body>visit <%= session.getId() %>, squares <%= squares %></body></html>
`;
const DESCRIPTOR = `<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"></web-app>
`;

/** A JVM: pages become Java sources and classes at run time. */
export const tomcat: Service = {
  name: 'tomcat',
  dockerfile: withPackages(
    'tomcat10 apache2-utils curl logrotate',
    file(`${WEB_APPS}/ROOT/count.jsp`, COUNT),
    // An application with a library, unpacked: what Tomcat unpacks itself is not from the image.
    file(`${WEB_APPS}/shop/index.jsp`, COUNT),
    file(`${WEB_APPS}/shop/WEB-INF/web.xml`, DESCRIPTOR),
    `RUN mkdir ${WEB_APPS}/shop/WEB-INF/lib && cp -L /usr/share/java/tomcat10-el-api.jar ${WEB_APPS}/shop/WEB-INF/lib/own.jar`,
    `RUN chown -R tomcat:tomcat ${WEB_APPS}`,
  ),
  command: [
    ...['runuser', '-u', 'tomcat', '--', 'env', 'CATALINA_HOME=/usr/share/tomcat10'],
    ...[
      'CATALINA_BASE=/var/lib/tomcat10',
      'CATALINA_TMPDIR=/tmp',
      '/usr/share/tomcat10/bin/catalina.sh',
      'run',
    ],
  ],
  ready:
    'curl -fsS http://127.0.0.1:8080/count.jsp | grep -q squares && curl -fsS http://127.0.0.1:8080/shop/ | grep -q squares',
  load: [
    requests(2000, 'http://127.0.0.1:8080/count.jsp'),
    requests(500, 'http://127.0.0.1:8080/shop/'),
    requests(500, 'http://127.0.0.1:8080/index.html'),
  ],
  operate: ['logrotate -f /etc/logrotate.conf', requests(100, 'http://127.0.0.1:8080/count.jsp')],
};
