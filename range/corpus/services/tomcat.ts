import { file } from '../../images/dockerfile.ts';
import { page } from '../http.ts';
import { type CorpusService, dockerfileOf } from '../service.ts';

const PAGE = `<%@ page session="true" %><html><body>visit <%= session.getId() %>, seven squared is <%= 7 * 7 %></body></html>
`;

/** Pages that become Java sources and classes at run time. */
export const tomcat: CorpusService = {
  name: 'tomcat',
  dockerfile: dockerfileOf({
    packages: 'tomcat10',
    steps: [
      `${file('/var/lib/tomcat10/webapps/ROOT/count.jsp', PAGE)} && chown -R tomcat:tomcat /var/lib/tomcat10/webapps`,
      'ENV CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/var/lib/tomcat10 CATALINA_TMPDIR=/tmp',
    ],
    ports: ['8080'],
    command: ['/usr/share/tomcat10/bin/catalina.sh', 'run'],
  }),
  async use({ place }) {
    const site = `http://${place(8080)}`;
    await page(`${site}/count.jsp`, 'seven squared is 49');
    await page(`${site}/index.html`, 'It works');
  },
};
