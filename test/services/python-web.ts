import { file, requests, type Service, withPackages } from './service.ts';

const APP = `import ctypes, ctypes.util, os, tempfile
from flask import Flask, render_template, request, send_file
from jinja2 import FileSystemBytecodeCache
from . import orders, prices

app = Flask(__name__)
# Templates, compiled: code that the program makes as a part of its work.
app.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(tempfile.gettempdir())}
os.makedirs("/srv/app/uploads", exist_ok=True)
libc = ctypes.CDLL(ctypes.util.find_library("c"))
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))

@app.get("/")
def front():
    numbers = (ctypes.c_int * 5)(5, 1, 7, 33, 99)
    libc.qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
    return render_template("front.html", orders=orders.recent(), total=prices.total(numbers))

@app.post("/order")
def order():
    return {"number": orders.place(request.get_data(as_text=True))}

@app.put("/picture/<name>")
def upload(name):
    open(f"/srv/app/uploads/{name}", "wb").write(request.get_data())
    return {"ok": True}

@app.get("/picture/<name>")
def picture(name):
    return send_file(f"/srv/app/uploads/{name}")

@app.get("/lazily")
def lazily():
    from . import reports
    return reports.text()
`;
const ORDERS = `import sqlite3

def connection():
    database = sqlite3.connect("/srv/app/orders.db", timeout=20)
    database.execute("create table if not exists orders (number integer primary key, what text)")
    return database

def place(what):
    with connection() as database:
        return database.execute("insert into orders (what) values (?)", (what,)).lastrowid

def recent():
    return connection().execute("select * from orders order by number desc limit 5").fetchall()
`;
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Python: what it imports it compiles beside the source, here as a user who may write there. */
export const pythonWeb: Service = {
  name: 'python-web',
  dockerfile: withPackages(
    'python3-flask gunicorn apache2-utils curl procps',
    file('/srv/app/shop/__init__.py', APP),
    file('/srv/app/shop/orders.py', ORDERS),
    file('/srv/app/shop/prices.py', 'def total(numbers):\n    return sum(numbers)\n'),
    file('/srv/app/shop/reports.py', 'import csv, decimal, zoneinfo\n\ndef text():\n    return "report"\n'),
    file(
      '/srv/app/shop/templates/front.html',
      '<html>{% for order in orders %}<p>{{ order }}</p>{% endfor %}{{ total }}</html>\n',
    ),
    file('/srv/app/picture.base64', PNG),
  ),
  command: [
    ...['gunicorn', '--chdir', '/srv/app', '--workers', '2', '--bind', '127.0.0.1:8000'],
    ...['--pid', '/run/gunicorn.pid', '--access-logfile', '/srv/app/access.log', 'shop:app'],
  ],
  ready: 'curl -fsS -o /dev/null http://127.0.0.1:8000/',
  load: [
    requests(800, 'http://127.0.0.1:8000/'),
    'for i in $(seq 50); do curl -fsS -o /dev/null -d "a thing" http://127.0.0.1:8000/order; done',
    'base64 -d /srv/app/picture.base64 > /tmp/picture.png && curl -fsS -o /dev/null -T /tmp/picture.png http://127.0.0.1:8000/picture/one.png',
    requests(100, 'http://127.0.0.1:8000/picture/one.png'),
    'curl -fsS -o /dev/null http://127.0.0.1:8000/lazily',
    'test -d /srv/app/shop/__pycache__ && ls /tmp/__jinja2_* >/dev/null',
  ],
  operate: [
    // New workers import what the first ones compiled.
    'kill -HUP $(cat /run/gunicorn.pid); sleep 2; curl -fsS -o /dev/null http://127.0.0.1:8000/',
    'mv /srv/app/access.log /srv/app/access.log.1 && kill -USR1 $(cat /run/gunicorn.pid) && gzip /srv/app/access.log.1',
  ],
};
