/** Style of the pay pages: the wallet's blue, one column on a phone, two on a desk. */
export const PAY_STYLE = `
:root{--blue:#1677ff;--ink:#1f2329;--soft:#646a73;--line:#e5e8ee}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);background:#f2f5fa}
header{background:var(--blue);color:#fff;padding:.9rem 1.25rem;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}
header b{font-size:1.15rem}header span{opacity:.9;font-size:.85rem}header .test{margin-left:auto;border:1px solid #ffffffa0;border-radius:99px;padding:0 .6rem}
main{max-width:56rem;margin:1.5rem auto;padding:1.5rem;background:#fff;border-radius:12px;box-shadow:0 1px 4px #0001}
main.phone{max-width:26rem}
main.desk{display:grid;grid-template-columns:1fr 15rem;gap:2rem}
h1{font-size:1.15rem;margin:0 0 .25rem}small,.en{color:var(--soft);font-size:.85rem}
.amount{font-size:2.4rem;font-weight:650;margin:.5rem 0 1rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem;margin:0 0 1.25rem;border-top:1px solid var(--line);padding-top:1rem}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere}
form{display:grid;gap:.6rem}
button,a.back{font:inherit;display:block;width:100%;text-align:center;text-decoration:none;padding:.75rem;border-radius:8px;border:1px solid var(--line);background:#fff;color:var(--ink);cursor:pointer}
button.pay,a.back{background:var(--blue);border-color:var(--blue);color:#fff;font-weight:600}
header .en,.pay .en,a.back .en{color:inherit;opacity:.9}
button:focus-visible,a:focus-visible{outline:3px solid #8dbdff;outline-offset:2px}
.row{display:grid;grid-template-columns:repeat(3,1fr);gap:.6rem}.row button{padding:.6rem .25rem;font-size:.9rem}
.code{text-align:center}.code svg{width:100%;max-width:13rem;height:auto;border:1px solid var(--line);border-radius:8px;padding:.75rem}
.note{padding:.75rem 1rem;border-radius:8px;background:#eaf2ff;margin:0 0 1rem}
.opening{text-align:center;padding:1rem 0}.mark{width:4rem;height:4rem;border-radius:1rem;background:var(--blue);color:#fff;font-size:2rem;line-height:4rem;margin:0 auto .75rem}
@media(max-width:44rem){main,main.desk{display:block;margin:0;border-radius:0;min-height:100vh}.code{display:none}}
`.trim();
