import { dirname, join } from 'node:path';
import ts from 'typescript';

/** The sources as the compiler sees them: what the program itself no longer knows when it runs. */
export class Source {
  readonly checker: ts.TypeChecker;
  readonly files: readonly ts.SourceFile[];
  private readonly classes = new Map<string, ts.ClassDeclaration>();

  constructor(readonly root: string) {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: object };
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
    const program = ts.createProgram([join(root, 'src/app.module.ts')], { ...options, noEmit: true });
    this.checker = program.getTypeChecker();
    this.files = program.getSourceFiles().filter((file) => this.isOurs(file));
    for (const file of this.files) this.readClasses(file);
  }

  /** The words over a class, or over one of its methods or fields. */
  words(className: string, member?: string): string {
    const declared = this.classOf(className);
    if (member === undefined) return this.wordsOf(declared);
    const found = this.member(declared, member);
    return found ? this.wordsOf(found) : '';
  }

  method(className: string, name: string): ts.MethodDeclaration {
    const found = this.member(this.classOf(className), name);
    if (!found || !ts.isMethodDeclaration(found)) throw new Error(`${className} has no method ${name}`);
    return found;
  }

  /** What a method comes to, waited for. */
  returned(method: ts.MethodDeclaration): ts.Type {
    const signature = this.checker.getSignatureFromDeclaration(method) as ts.Signature;
    const type = this.checker.getReturnTypeOfSignature(signature);
    return this.checker.getAwaitedType(type) ?? type;
  }

  isOurs(file: ts.SourceFile): boolean {
    return dirname(file.fileName).startsWith(join(this.root, 'src')) && !file.isDeclarationFile;
  }

  private wordsOf(node: ts.Node & { name?: ts.Node }): string {
    const symbol = node.name && this.checker.getSymbolAtLocation(node.name);
    return symbol ? ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).replace(/\s*\n\s*/g, ' ') : '';
  }

  /** Of the class, or of one that it extends. */
  private member(declared: ts.ClassDeclaration, name: string): ts.ClassElement | undefined {
    const found = declared.members.find((member) => member.name?.getText() === name);
    const [above] = declared.heritageClauses?.find((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword)?.types ?? [];
    return found ?? (above && this.member(this.classOf(above.expression.getText()), name));
  }

  private classOf(name: string): ts.ClassDeclaration {
    const found = this.classes.get(name);
    if (!found) throw new Error(`There is no class ${name}`);
    return found;
  }

  private readClasses(file: ts.SourceFile): void {
    for (const node of file.statements) {
      if (!ts.isClassDeclaration(node) || !node.name) continue;
      this.classes.set(node.name.text, node);
    }
  }
}
