import { JAVASCRIPT, JVM, LUA, PERL, PYTHON, RUBY } from './extensions.ts';
import { type Family, words } from './family.ts';

/** Forms of the command lines as the interpreters' manual pages have them. */
const GENERAL: readonly Omit<Family, 'isLanguage'>[] = [
  {
    name: 'Python',
    programs: words('python pypy micropython jython ipython bpython graalpy'),
    extensions: PYTHON,
    form: { operand: true, inline: ['c', 'm'], values: ['W', 'X', 'check-hash-based-pycs'] },
  },
  {
    name: 'Perl',
    programs: words('perl suidperl cperl raku rakudo'),
    extensions: [...PERL, 'raku', 'rakumod'],
    form: { operand: true, inline: ['e', 'E'], values: ['I'], attached: 'CDFMVimtx' },
  },
  {
    name: 'Ruby',
    programs: words('ruby jruby mruby truffleruby irb rbx'),
    extensions: RUBY,
    names: ['rakefile', 'gemfile'],
    form: {
      operand: true,
      code: ['r', 'require'],
      inline: ['e'],
      values: ['I', 'C', 'E', 'encoding'],
      attached: 'FKTWix',
    },
  },
  {
    name: 'JavaScript',
    programs: words('node nodejs deno bun qjs rhino mujs duk jsc gjs mongo mongosh electron phantomjs'),
    extensions: JAVASCRIPT,
    form: {
      operand: true,
      code: words('r require import loader experimental-loader preload'),
      inline: words('e eval p print pe'),
      values: words('C conditions input-type env-file title'),
    },
  },
  {
    name: 'Lua',
    programs: words('lua luajit texlua luatex lualatex tarantool'),
    extensions: LUA,
    form: { operand: true, code: ['l'], values: ['e', 'j', 'O', 'b'] },
  },
  {
    name: 'Tcl',
    programs: words('tclsh jimsh wish expect expectk'),
    extensions: words('tcl tm tk itcl exp'),
    names: ['.tclshrc', '.expectrc'],
    form: { operand: true, script: ['f', 'b'], values: ['c', 'encoding'] },
  },
  {
    name: 'Java',
    programs: words('java javaw jre jshell jjs jrunscript'),
    extensions: JVM,
    form: {
      operand: true,
      wordsOnly: true,
      script: ['jar'],
      code: words(
        `cp classpath class-path p module-path javaagent agentpath Xbootclasspath/a Xbootclasspath/p
        Xbootclasspath`,
      ),
      values: words('add-modules add-opens add-exports add-reads source m module d describe-module'),
    },
  },
  {
    name: 'Erlang',
    programs: words('beam erl erlexec escript elixir iex'),
    extensions: words('beam erl hrl ez escript boot ex exs eex leex heex'),
    names: ['.erlang', '.iex.exs'],
    form: { operand: false, wordsOnly: true, code: ['boot', 'r', 'require'] },
  },
  {
    name: '.NET',
    programs: words('dotnet mono'),
    extensions: words('dll exe winmd csx fsx netmodule'),
    form: {
      operand: true,
      wordsOnly: true,
      values: words('additionalprobingpath fx-version roll-forward depsfile runtimeconfig'),
    },
  },
  {
    name: 'a scientific language',
    programs: words('r rterm rscript littler julia octave gnuplot sage'),
    extensions: words('r rprofile jl m gnuplot plt'),
    names: words('.rprofile rprofile.site .octaverc .gnuplot'),
    form: {
      operand: true,
      script: ['f', 'file'],
      code: ['L', 'load'],
      inline: ['e', 'E', 'eval'],
      values: ['J', 'p', 't'],
    },
  },
  {
    name: 'a functional language',
    programs: words(
      `guile racket csi chicken gosh scheme sbcl clisp ecl ocaml ocamlrun ghci runghc swipl gprolog gforth
      newlisp janet emacs pike rexx regina`,
    ),
    extensions: words('scm ss sld sls go rkt zo lisp lsp fasl fas ml cmo cma hs lhs fth janet el elc eln'),
    names: words('.guile .sbclrc .emacs .ghci .ocamlinit'),
    form: {
      operand: true,
      script: ['s', 'script'],
      code: words('l f load i require'),
      inline: words('c e eval x'),
      values: ['L', 'C', 'core', 'q'],
    },
  },
  {
    name: 'a runtime of WebAssembly',
    programs: words('wasmtime wasmer wasmedge wazero iwasm'),
    extensions: words('wasm wat cwasm aot'),
    form: { operand: true },
  },
];

export const LANGUAGES: readonly Family[] = GENERAL.map((family) => ({ ...family, isLanguage: true }));
