import ts from 'typescript';
import type { Source } from './source.js';

const STATUS: Readonly<Record<string, number>> = { not_found: 404, conflict: 409, invalid: 422, forbidden: 403 };
const ERRORS = /src\/domain\/errors\.ts$/;
/** Errors of the domain that are answered with a 422, not with a 500; `problem.ts` says so. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(['amount_not_chargeable', 'instant_out_of_range']);

export interface RefusalCode {
  status: number;
  code: string;
}

/**
 * With what a handler may refuse, read from all the code that it can reach: whatever refuses names its code
 * there. Paths that this handler never takes count too, so a code may be listed that it cannot answer with;
 * one that it can is never left out.
 */
export class Refusals {
  /** Functions that are handed over in an object, by the place in a type that promises them. */
  private readonly handedOver = new Map<ts.Node, ts.Node[]>();

  constructor(private readonly source: Source) {
    for (const file of source.files) this.findHandedOver(file);
  }

  of(handler: ts.Node): RefusalCode[] {
    const found = new Map<string, RefusalCode>();
    const seen = new Set<ts.Node>([handler]);
    for (const node of seen) this.walk(node, found, seen);
    return [...found.values()].toSorted((a, b) => a.status - b.status || a.code.localeCompare(b.code));
  }

  private walk(node: ts.Node, found: Map<string, RefusalCode>, seen: Set<ts.Node>): void {
    if (ts.isTypeNode(node)) return;
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      for (const refusal of this.refused(node)) found.set(refusal.code, refusal);
    }
    if (ts.isIdentifier(node)) for (const target of this.bodiesOf(node)) seen.add(target);
    ts.forEachChild(node, (child) => this.walk(child, found, seen));
  }

  private refused({ expression, arguments: args = [] as unknown as ts.NodeArray<ts.Expression> }: ts.CallExpression | ts.NewExpression): RefusalCode[] {
    const [first, second, third] = args;
    const codes = (status: number, node: ts.Expression | undefined, ending = '') =>
      (node ? this.literals(node) : []).map((code) => ({ status, code: `${code}${ending}` }));
    switch (expression.getText()) {
      case 'notFound':
      case 'missing':
        return codes(404, first, '_not_found');
      case 'conflict':
        return codes(409, first);
      case 'invalid':
        return codes(422, third);
      case 'invalidFields':
        return second ? codes(422, second) : [{ status: 422, code: 'validation_failed' }];
      case 'Refusal':
        return first ? this.literals(first).flatMap((kind) => codes(STATUS[kind] as number, second)) : [];
      case 'UnauthorizedException':
        return [{ status: 401, code: 'unauthorized' }];
      case 'MoneyError':
      case 'CalendarError':
        return codes(422, first).filter(({ code }) => OUT_OF_REACH.has(code));
      default:
        return [];
    }
  }

  /** The texts that an expression can be, as far as its type tells. */
  private literals(node: ts.Expression): string[] {
    if (ts.isTemplateExpression(node)) {
      return node.templateSpans.reduce(
        (texts, { expression, literal }) =>
          texts.flatMap((text) => this.literals(expression).map((part) => `${text}${part}${literal.text}`)),
        [node.head.text],
      );
    }
    const type = this.source.checker.getTypeAtLocation(node);
    const parts = type.isUnion() ? type.types : [type];
    return parts.flatMap((part) => (part.isStringLiteral() ? [part.value] : []));
  }

  /** The code behind a name, where it is our own. */
  private bodiesOf(name: ts.Identifier): ts.Node[] {
    const { checker } = this.source;
    const named = checker.getSymbolAtLocation(name);
    const symbol = named && named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
    return (symbol?.declarations ?? []).flatMap((declaration) => this.handedOver.get(declaration) ?? [declaration]).filter((declaration) => {
      const file = declaration.getSourceFile();
      if (!this.source.isOurs(file) || ERRORS.test(file.fileName)) return false;
      const isValue = ts.isVariableDeclaration(declaration) || ts.isPropertyDeclaration(declaration) || ts.isPropertyAssignment(declaration);
      return ts.isFunctionLike(declaration) || (isValue && declaration.initializer !== undefined);
    });
  }

  private findHandedOver(node: ts.Node): void {
    if (ts.isPropertyAssignment(node) && ts.isArrowFunction(node.initializer)) {
      const promised = this.source.checker.getContextualType(node.parent)?.getProperty(node.name.getText())?.declarations ?? [];
      for (const place of promised) this.handedOver.set(place, [...(this.handedOver.get(place) ?? []), node]);
    }
    ts.forEachChild(node, (child) => this.findHandedOver(child));
  }
}
