/** The three plans on sale. All prices in CNY, minor units. */
export const PLANS = [
  { code: 'tea', name: 'Tea box', amount: 3_900, interval: 'month', setup_fee: 1_000, terms: 'a month, {setup} to begin with' },
  { code: 'books', name: 'Book club', amount: 14_900, interval: 'month', interval_count: 3, terms: 'a quarter' },
  { code: 'paper', name: 'Sunday paper', amount: 1_800, interval: 'week', trial_days: 7, trial_amount: 1_000, terms: 'a week, the first for {trial}' },
] as const;

/** What customers do, or what becomes of their wallets. */
export type Deed =
  /** The next tries are declined for want of money; without a number, all of them. */
  | { what: 'runs_dry'; tries?: number }
  /** Cancels the agreement in the wallet; nobody tells the shop. */
  | { what: 'revokes' }
  /** Pays what is owed through a checkout link, with a new agreement. */
  | { what: 'signs_anew' }
  | { what: 'pauses'; until?: string }
  | { what: 'resumes' }
  | { what: 'cancels'; at: 'period_end' | 'now' }
  | { what: 'uncancels' };

/** How a customer answers the wallet's page when he signs up. */
export type FirstAnswer = 'pays' | 'declines' | 'leaves' | 'declines_then_pays';

export interface Wallet {
  name: string;
  email: string;
  plan: (typeof PLANS)[number]['code'];
  joins: string;
  answer: FirstAnswer;
  deeds: ({ on: string } & Deed)[];
}

type Turn = [on: string, deed: Deed];

const dry = (tries: number): Deed => ({ what: 'runs_dry', tries });
const broke: Deed = { what: 'runs_dry' };
const revokes: Deed = { what: 'revokes' };
const signsAnew: Deed = { what: 'signs_anew' };
const pauses = (until?: string): Deed => ({ what: 'pauses', until });
const resumes: Deed = { what: 'resumes' };
const cancels: Deed = { what: 'cancels', at: 'period_end' };
const quits: Deed = { what: 'cancels', at: 'now' };
const uncancels: Deed = { what: 'uncancels' };

function wallet(plan: Wallet['plan'], joins: string, name: string, mailbox: string, ...turns: Turn[]): Wallet {
  const deeds = turns.map(([on, deed]) => ({ on, ...deed }));
  return { name, email: `${mailbox}@example.com`, plan, joins, answer: 'pays', deeds };
}

function hesitant(answer: FirstAnswer, customer: Wallet): Wallet {
  return { ...customer, answer };
}

const TEA: Wallet[] = [
  wallet('tea', '01-01 08:05', '王芳', 'wang.fang'),
  wallet('tea', '01-02 21:17', '李伟', 'li.wei', ['04-01', dry(1)]),
  wallet('tea', '01-01 08:05', 'Emma Clarke', 'emma.clarke'),
  wallet('tea', '01-04 19:02', '张秀英', 'zhang.xiuying', ['06-01', revokes]),
  wallet('tea', '01-05 09:31', '刘洋', 'liu.yang', ['03-01', dry(2)], ['10-01', dry(3)]),
  wallet('tea', '01-07 22:48', 'Daniel Okafor', 'daniel.okafor'),
  wallet('tea', '01-08 07:55', '陈静', 'chen.jing', ['05-20', pauses()], ['07-03 10:00', resumes]),
  wallet('tea', '01-09 13:13', '杨敏', 'yang.min', ['08-01', broke]),
  wallet('tea', '01-10 18:26', '赵磊', 'zhao.lei', ['05-25', revokes], ['06-14 20:10', signsAnew]),
  hesitant('declines', wallet('tea', '01-11 23:59', 'Sophie Martin', 'sophie.martin')),
  wallet('tea', '01-12 11:11', '黄丽', 'huang.li'),
  wallet('tea', '01-12 11:11', '周强', 'zhou.qiang', ['09-05', cancels]),
  wallet('tea', '01-14 08:44', 'Lucas Meyer', 'lucas.meyer', ['02-10', dry(4)]),
  wallet('tea', '01-16 20:20', '吴娜', 'wu.na', ['07-01', cancels], ['07-09', uncancels]),
  wallet('tea', '01-18 10:06', '徐鹏', 'xu.peng', ['11-02', broke]),
  hesitant('declines_then_pays', wallet('tea', '01-19 14:52', '孙悦', 'sun.yue')),
  wallet('tea', '01-21 21:34', 'Aisha Rahman', 'aisha.rahman', ['09-22', pauses()], ['10-02', resumes]),
  wallet('tea', '01-23 09:09', '马超', 'ma.chao', ['07-10', revokes]),
  wallet('tea', '01-29 12:00', '朱琳', 'zhu.lin', ['11-20', dry(1)]),
  wallet('tea', '01-29 12:00', '胡军', 'hu.jun', ['12-20', dry(3)]),
  wallet('tea', '01-30 22:22', 'Olivia Brown', 'olivia.brown', ['05-01', dry(3)]),
  wallet('tea', '01-31 00:00', '郭靖', 'guo.jing'),
  wallet('tea', '01-31 11:58', '何雨', 'he.yu', ['08-15', pauses('10-20 09:00')]),
  wallet('tea', '01-31 23:59', '林晓', 'lin.xiao', ['06-25', dry(2)]),
];

const BOOKS: Wallet[] = [
  wallet('books', '01-01 20:30', '高翔', 'gao.xiang'),
  wallet('books', '01-03 09:15', 'Thomas Wright', 'thomas.wright', ['07-01', dry(2)]),
  wallet('books', '01-06 22:05', '罗兰', 'luo.lan', ['03-20', revokes]),
  wallet('books', '01-09 10:50', '郑凯', 'zheng.kai'),
  wallet('books', '01-12 18:33', '梁敏', 'liang.min', ['06-15', revokes], ['07-20 12:30', signsAnew]),
  wallet('books', '01-15 13:21', 'Hannah Schmidt', 'hannah.schmidt', ['08-30', cancels]),
  wallet('books', '01-18 21:07', '谢宇', 'xie.yu', ['10-01', broke]),
  wallet('books', '01-22 08:18', '宋佳', 'song.jia', ['04-01', dry(1)]),
  hesitant('leaves', wallet('books', '01-24 15:40', '唐杰', 'tang.jie')),
  wallet('books', '01-27 19:56', '韩雪', 'han.xue'),
  wallet('books', '01-31 06:30', 'James Wilson', 'james.wilson'),
  wallet('books', '01-31 20:14', '冯涛', 'feng.tao', ['05-11', quits]),
  wallet('books', '01-05 17:25', '曹阳', 'cao.yang'),
  wallet('books', '01-17 08:00', '邓婕', 'deng.jie', ['10-12', dry(1)]),
  wallet('books', '01-28 11:36', '沈冰', 'shen.bing', ['09-01', pauses('11-15 09:00')]),
];

const PAPER: Wallet[] = [
  wallet('paper', '01-02 07:20', '董洁', 'dong.jie'),
  wallet('paper', '01-04 10:10', '萧红', 'xiao.hong', ['04-20', dry(1)], ['09-14', dry(2)]),
  wallet('paper', '01-08 21:00', '程浩', 'cheng.hao', ['02-16', revokes]),
  wallet('paper', '01-10 09:35', 'Grace Lee', 'grace.lee', ['06-02', broke]),
  wallet('paper', '01-13 12:25', '袁媛', 'yuan.yuan', ['01-18', cancels]),
  hesitant('leaves', wallet('paper', '01-15 23:15', 'Peter Novak', 'peter.novak')),
  wallet('paper', '01-20 19:19', '许诺', 'xu.nuo', ['03-05', pauses()], ['08-08 08:30', resumes]),
  wallet('paper', '01-24 11:47', '傅强', 'fu.qiang', ['07-13', revokes], ['07-23 18:05', signsAnew], ['10-07', cancels]),
  wallet('paper', '01-31 17:03', 'Maria Garcia', 'maria.garcia', ['05-31', quits]),
];

/** Everybody who signs up, with what becomes of him in the course of the year. */
export const WALLETS: readonly Wallet[] = [...TEA, ...BOOKS, ...PAPER];
