var y,yt,ao,U,Ye,Ee,wt,Pe,xt,et,Ze,Mt,me=Symbol.for("pv"),Ne={},Ae=[],lo=/^m(i|n|o|s|text|space)$/,tt=Array.isArray,kt=Ae.slice,Q=Object.assign;function Z(e){e&&
e.parentNode&&e.remove()}function Le(e,t,n,r,i){var s={type:e,props:t,key:n,ref:r,__k:null,__:null,__b:0,__e:null,__c:null,constructor:me,__v:i||++yt,__i:-1,__u:0};return!i&&y.vnode&&y.
vnode(s),s}function x(e){return e.children}function Te(e,t){this.props=e,this.context=t,this.__g=0}function G(e,t){if(t==null)return e.__&&G(e.__,e.__i+1);for(var n;t<e.__k.
length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:G(e)}function co(e){var t,n=e.__v,r=n.__e,i=[],s=[],a=e.__P;a&&
((t=Q({constructor:me},n)).__v=n.__v+1,y.vnode&&y.vnode(t),nt(a,t,n,e.__n,a.namespaceURI,32&n.__u?[r]:null,i,r||G(n),32&n.__u,s),t.__v=n.__v,t.__.__k[t.__i]=t,Et(
i,t,s),n.__=n.__e=null,t.__e!=r&&St(t))}function St(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),St(e)}
function Qe(e){(8&e.__g||(e.__g|=8,U.push(e),Ee++))&&Ye==y.debounceRendering||((Ye=y.debounceRendering)||queueMicrotask)(Pt)}function Pt(){try{for(var e,t=1;U.length;)
U.length>t&&U.sort(wt),e=U.shift(),t=U.length,8&e.__g&&co(e)}finally{(Ee=U.length)&&(Ye||queueMicrotask)(Pt)}}function Lt(e,t,n,r,i,s,a,l,u,p,d){var _,h,c,m,g,f,
w=r.__k||Ae,b=t.length;for(u=uo(n,t,w,u,b),_=0;_<b;_++)(c=n.__k[_])!=null&&(h=~c.__i&&w[c.__i]||Ne,c.__i=_,f=nt(e,c,h,i,s,a,l,u,p,d),m=c.__e,(h.ref!=c.ref||8&h.
__u)&&(h.ref&&ot(h.ref,null,c,h),c.ref&&d.push(c.ref,c.__c||m,c)),g=g||m,4&c.__u?(u=Tt(c,u,e,!h.__v),h.__e&&(h.__e=null)):typeof c.type=="function"&&f!==void 0?
u=f:m&&(u=m.nextSibling),c.__u&=-21);return n.__e=g,u}function uo(e,t,n,r,i){var s,a,l,u,p,d,_,h,c,m=n.length,g=m,f=0,w=0,b=e.__k=Array(i);for(s=0;s<i;s++)(a=t[s])!=
null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=b[s]=Le(null,a):tt(a)?a=b[s]=Le(x,{children:a}):a.constructor===me&&
a.__b?a=b[s]=Le(a.type,a.props,a.key,a.ref,a.__v):b[s]=a,u=s+f,a.__=e,a.__b=e.__b+1,l=null,~(p=a.__i=po(a,n,u,g))&&(g--,(l=n[p])&&(l.__u|=2)),l&&l.__v?(a.__u|=16,
p==u-1?f--:p==u+1?f++:p!=u&&(p>u?f--:f++,w=1)):(~p||(i>m?f--:i<m&&f++),typeof a.type!="function"&&(a.__u|=4))):b[s]=null;if(w){for(d=[],_=[],s=0;s<i;s++)if((a=b[s])&&
16&a.__u){for(f=0,h=d.length;f<h;)d[c=f+h>>1]<a.__i?f=c+1:h=c;d[f]=a.__i,_[s]=f+1}for(f=d.length;s--;)_[s]&&(_[s]==f?f--:b[s].__u|=4)}if(g)for(s=0;s<m;s++)!(l=n[s])||
2&l.__u||(l.__e==r&&(r=G(l)),rt(l,l));return r}function Tt(e,t,n,r){var i,s,a,l;if(typeof e.type=="function"){if(e.props.__P)return t;if(i=e.__k)for(s=0;s<i.length;s++)
i[s]&&(i[s].__=e,t=Tt(i[s],t,n,!1));return t}for(t&&!t.parentNode&&(t=G(e))&&!t.parentNode&&(t=null),a=e.__e,l=t;l&&l.nodeType==8;)l=l.nextSibling;for(a!=l&&(!r&&
n.moveBefore&&a.parentNode?n.moveBefore(a,t):n.insertBefore(a,t||null)),t=a;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function po(e,t,n,r){var i,s=e.key,a=e.type,l=t[n],u=l&&!(2&l.__u);if(l===null&&s==null||u&&s==l.key&&a==l.type)return n;if(r>(u?1:0)){for(i=n-1;i>=0;i--)if((l=
t[i])&&!(2&l.__u)&&s==l.key&&a==l.type)return i;for(i=n+1;i<t.length;i++)if((l=t[i])&&!(2&l.__u)&&s==l.key&&a==l.type)return i}return-1}function bt(e,t,n){n==null&&
(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function Se(e,t,n,r,i){var s,a;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof r=="string"&&(e.style.
cssText=r=""),r)for(t in r)n&&t in n||bt(e.style,t);if(n)for(t in n)r&&n[t]==r[t]||bt(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),
typeof r!="function"&&(r=null),(e.__e||(e.__e={}))[t]=n,n&&r||(a=Ze[t]||(Ze[t]=fo(t)),(e.__a||(e.__a={}))[t]=et,s=t!=(t=t.replace(xt,"$1")),(t=t.slice(2))[0]<"a"&&
(t=t.toLowerCase()),n?e.addEventListener(t,a,s):e.removeEventListener(t,a,s));else{if(i=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,
"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)
try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function fo(e){
return function(t){var n=this.__e;if(n){if(n=n[e],t[Pe]==null)t[Pe]=et++;else if(t[Pe]<this.__a[e])return;return n(y.event?y.event(t):t)}}}function nt(e,t,n,r,i,s,a,l,u,p){
var d,_,h,c,m,g,f,w,b,C,k,Ke,_t,ke,K,vt,W,Y,F=t.type;if(t.constructor!==me)return null;128&n.__u&&(u=32&n.__u,d=n.__c.__z)&&(t.__u|=u,_=s=[],d.nodeType==8?l=Ce(
d,s):s.push(d),l=s[0]||l),(d=y.__b)&&d(t);e:if(typeof F=="function"){h=a.length;try{if(w=t.props,b=(d=F.prototype)&&d.render,C=(d=F.contextType)&&r[d.__c],k=d?C?
C.props.value:d.__:r,(c=n.__c)?(t.__c=c,2&c.__g&&(c.__g|=1)):(b?t.__c=c=new F(w,k):(t.__c=c=new Te(w,k),c.constructor=F,c.render=ho),C&&C.sub(c),c.state||(c.state=
{}),c.__n=r,c.__g|=8,c.__h=[],c.__k=[]),b&&(c.__s||(c.__s=c.state),F.getDerivedStateFromProps&&(c.__s==c.state&&(c.__s=Q({},c.__s)),Q(c.__s,F.getDerivedStateFromProps(
w,c.__s)))),m=c.props,g=c.state,c.__v=t,n.__c){if(w!==m&&b&&!F.getDerivedStateFromProps&&c.componentWillReceiveProps&&c.componentWillReceiveProps(w,k),t.__v==n.
__v&&!(8&c.__g)||!(4&c.__g)&&c.shouldComponentUpdate&&c.shouldComponentUpdate(w,c.__s,k)===!1){t.__v!=n.__v&&(c.props=w,c.state=c.__s,c.__g&=-9),t.__e=n.__e,t.__k=
n.__k,t.__k.some(function(A){A&&(A.__=t)}),Ae.push.apply(c.__h,c.__k),c.__k=[],c.__h.length&&a.push(c),l=G(n);break e}c.componentWillUpdate&&c.componentWillUpdate(
w,c.__s,k),b&&c.componentDidUpdate&&c.__h.push(function(){c.componentDidUpdate(m,g,f)})}else b&&!F.getDerivedStateFromProps&&c.componentWillMount&&c.componentWillMount(),
b&&c.componentDidMount&&c.__h.push(c.componentDidMount);c.context=k,c.props=w,c.__P=e,c.__g&=-5,Ke=y.__r,_t=b?25:0;do c.__g&=-9,Ke&&Ke(t),d=c.render(c.props,c.state=
c.__s,c.context);while(8&c.__g&&++_t<25);b&&(Ae.push.apply(c.__h,c.__k),c.__k=[]),c.state=c.__s,c.getChildContext&&(r=Q({},r,c.getChildContext())),b&&n.__c&&c.getSnapshotBeforeUpdate&&
(f=c.getSnapshotBeforeUpdate(m,g)),ke=d&&d.type===x&&d.key==null?d.props.children:d,w.__P&&(d=l,i=(e=w.__P).namespaceURI,u=s=null,n.props&&n.props.__P!=e&&(n.__k.
some(function(A){A&&rt(A,A)}),n.__k=null),l=n.__k?G(n,0):null),l=Lt(e,tt(ke)?ke:[ke],t,n,r,i,s,a,l,u,p),w.__P&&(t.__e=null,l=d),t.__u&=-161,_&&_.some(Z),c.__h.length&&
a.push(c),1&c.__g&&(c.__g&=-4)}catch(A){if(a.length=h,t.__v=null,u||s)if(A&&A.then){if(t.__u|=128|u,s){for(~(W=s.indexOf(l||void 0))||(W=s.length);(Y=s[W-1])&&Y.
nodeType==8;)W--;for(;W<s.length;W++)if(Y=s[W])if(s[W]=null,K){if(Y==vt)break}else{if(Y.nodeType!=8)break;Y.data.startsWith("$s")&&(vt=Ce(K=Y))}}if(!K){for(;l&&
l.nodeType==8&&l.nextSibling;)l=l.nextSibling;K=l}(d=Ce(K=t.__c.__z||(t.__c.__z=K)))?(t.__e=K,l=d):t.__e=l,l=l&&l.nextSibling}else s&&s.some(Z);else t.__e=n.__e;
t.__k||(t.__k=n.__k||[]),A&&A.then||Ct(t),y.__e(A,t,n)}}else l=t.__e=mo(n.__e,t,n,r,i,s,a,u,p,e);return(d=y.diffed)&&d(t),l}function Ce(e,t){if(e&&e.nodeType==8&&
e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(
e)}}function Ct(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(Ct))}function Et(e,t,n){for(var r=0;r<n.length;)ot(n[r++],n[r++],n[r++]);y.__c&&y.__c(t,e),e.some(
function(i){try{e=i.__h,i.__h=[],e.some(function(s){s.call(i)})}catch(s){y.__e(s,i.__v)}})}function mo(e,t,n,r,i,s,a,l,u,p){var d,_,h,c,m,g,f,w,b=n.props||Ne,C=t.
props,k=t.type;if(k=="svg"?i="http://www.w3.org/2000/svg":k=="math"?i="http://www.w3.org/1998/Math/MathML":i||(i="http://www.w3.org/1999/xhtml"),s){for(d=0;d<s.
length;d++)if((m=s[d])&&(k?m.localName==k:m.nodeType==3)){e=m,s[d]=null;break}}if(!e){if(w=p.ownerDocument||document,!k)return w.createTextNode(C);e=w.createElementNS(
i,k,C.is?C:p),l&&(y.__m&&y.__m(t,s),l=!1),s=null}if(k){if(p=k=="template"&&e.content||e,s=k=="textarea"&&C.defaultValue!=null?null:s&&kt.call(p.childNodes),!l&&
s)for(b={},d=0;d<e.attributes.length;d++)b[(m=e.attributes[d]).name]=m.value;for(d in b)m=b[d],d=="dangerouslySetInnerHTML"?h=m:d=="children"||d in C||d=="value"&&
"defaultValue"in C||d=="checked"&&"defaultChecked"in C||Se(e,d,null,m,i);for(d in C)m=C[d],d=="children"?c=m:d=="dangerouslySetInnerHTML"?_=m:d=="value"?g=m:d==
"checked"?f=m:l&&typeof m!="function"||b[d]===m||Se(e,d,m,b[d],i);_?(l||h&&(_.__html==h.__html||_.__html==e.innerHTML)||(e.innerHTML=_.__html),t.__k=[]):(h&&(e.
textContent=""),(k=="foreignObject"||i=="http://www.w3.org/1998/Math/MathML"&&lo.test(k))&&(i="http://www.w3.org/1999/xhtml"),Lt(p,tt(c)?c:[c],t,n,r,i,s,a,s?s[0]:
n.__k&&G(n,0),l,u),s&&s.some(Z)),l&&k!="textarea"||(d="value",k=="progress"&&g==null?e.removeAttribute(d):g==null||g===e[d]&&(k!="progress"||g)||Se(e,d,g,b[d],i),
d="checked",f!=null&&f!=e[d]&&Se(e,d,f,b[d],i))}else b===C||l&&e.data==C||(e.data=C);return e}function ot(e,t,n,r){try{typeof e=="function"?t?t.__x=e(t)||1:r&&(r=
r.__c||r.__e)&&(t=r.__x)&&(r.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(i){y.__e(i,n)}}function rt(e,t,n){var r,i,s,a;if(y.unmount&&y.unmount(
e),!(r=e.ref)||r.current&&r.current!=e.__e||ot(r,null,t,e),r=e.__c){if(r.componentWillUnmount)try{r.componentWillUnmount()}catch(l){y.__e(l,t)}r.__P=r.__n=null}
if(r=e.__k)for(a=0;a<r.length;a++)r[a]&&rt(r[a],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(r=e.__c)&&(r=r.__z)&&(i=Ce(r,s=[]))&&(r==e.__e&&s.some(Z),Z(i),
Z(r)),n||Z(e.__e),e.__e=e.__c=e.__=null}function ho(e,t,n){return this.constructor(e,n)}function Nt(e,t){var n,r,i,s;y.__&&y.__(e,t),t.nodeType==9&&(t=t.documentElement),
r=(n=e&&32&e.__u)?null:t.__k,t.__k=Le(x,{children:[e]}),i=[],s=[],nt(t,t.__k,r||Ne,Ne,t.namespaceURI,r?null:t.firstChild?kt.call(t.childNodes):null,i,r?r.__e:t.
firstChild,n,s),Et(i,t.__k,s),t.__k.props.children=null}function At(e){function t(n){var r,i;return this.getChildContext||(r=new Set,(i={})[t.__c]=this,this.getChildContext=function(){return i},this.shouldComponentUpdate=
function(s){this.props.value!=s.value&&r.forEach(function(a){a.__g|=4,Qe(a)})},this.sub=function(s){r.add(s);var a=s.componentWillUnmount;s.componentWillUnmount=
function(){r.delete(s),a&&a.call(s)}}),n.children}return t.__c="__cC"+Mt++,t.__=e,t.Provider=(t.Consumer=function(n,r){return n.children(r)}).contextType=t,t}y={__e:function(e,t,n,r){for(var i,s,a;t=t.__;)if((i=t.__c)&&!(1&i.__g)){i.__g|=4;try{if((a=(s=i.constructor)&&s.getDerivedStateFromError)&&i.setState(s.getDerivedStateFromError(
e)),i.componentDidCatch&&(i.componentDidCatch(e,r||{}),a=1),a&&8&i.__g)return void(i.__g|=2)}catch(l){e=l}}throw Ee=0,e}},yt=0,ao=function(e){return e!=null&&e.
constructor===me},Te.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=Q({},this.state)),typeof e=="function"&&(e=e(Q({},n),this.props)),
e&&(Q(n,e),this.__v&&(t&&this.__k.push(t),Qe(this)))},Te.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),Qe(this))},Te.prototype.render=
x,U=[],Ee=0,wt=function(e,t){return e.__v.__b-t.__v.__b},Pe=Symbol(),xt=/(PointerCapture)$|Capture$/i,et=0,Ze={},Mt=0;var go="salver_request_duration_seconds",_o="salver_request_phase_seconds",vo=":tensorflow:serving:request_count",bo="salver_requests_in_flight",yo="salver_mode\
l_memory_bytes";function Re(){return{requests:0,errors:0,latency:null,phases:new Map}}function It(e,t){let n=new Map(e.families.map(l=>[l.name,l])),r=new Map,i=Re(),
s=n.get(go),a=s??n.get(vo);for(let l of a?.series??[])Rt(r,i,l,u=>wo(u,l,s!==void 0));for(let l of n.get(_o)?.series??[]){let u=l.labels.phase??"";Rt(r,i,l,p=>{
p.phases.set(u,qt(p.phases.get(u)??null,l))})}for(let[l,u]of r){let p=t?.models.get(l);p&&Mo(p.total,u.total)&&r.set(l,p)}return{atMs:Date.parse(e.at),models:r,
total:i,inFlight:Dt(n.get(bo)),memory:Dt(n.get(yo)),hasRequests:a!==void 0}}function $e(e,t,n){let r=e&&e.requests<=t.requests?e:Re(),i=new Map;for(let[a,l]of t.
phases)i.set(a,$t(l,r.phases.get(a)??null));let s=n>0?1/n:0;return{seconds:n,requestsPerS:(t.requests-r.requests)*s,errorsPerS:Math.max(0,t.errors-r.errors)*s,latency:t.
latency&&$t(t.latency,r.latency),phases:i}}function $(e,t){let n=e?.cumulative.at(-1)??0;if(!e||n<=0)return null;let r=t*n,i=e.cumulative.findIndex(p=>p>=r),s=i>
0?e.bounds[i-1]:0,a=e.bounds[i];if(!Number.isFinite(a))return s;let l=i>0?e.cumulative[i-1]:0,u=e.cumulative[i]-l;return u>0?s+(a-s)*(r-l)/u:a}function Ot(e){return e&&
e.count>0?e.sum/e.count:null}function Rt(e,t,n,r){r(t);let i=n.labels.model_name;if(!i)return;let s=e.get(i);s||e.set(i,s={total:Re(),versions:new Map}),r(s.total);
let a=n.labels.version;if(!a)return;let l=s.versions.get(a);l||s.versions.set(a,l=Re()),r(l)}function wo(e,t,n){let r=(n?t.count:t.value)??0;e.requests+=r,(t.labels.
code??t.labels.status??"OK")!=="OK"&&(e.errors+=r),n&&(e.latency=qt(e.latency,t))}function qt(e,t){let n=t.buckets??[],r=n.map(([,i])=>i);if(!e||e.bounds.length===
0){let i=n.map(([s])=>typeof s=="number"?s:xo(s));return{count:t.count??0,sum:t.sum??0,bounds:i,cumulative:r}}return e.count+=t.count??0,e.sum+=t.sum??0,r.length===
e.cumulative.length&&r.forEach((i,s)=>e.cumulative[s]+=i),e}function xo(e){return e==="+Inf"?1/0:Number(e)}function $t(e,t){return!t||t.count>e.count||t.cumulative.
length!==e.cumulative.length?e:{count:e.count-t.count,sum:Math.max(0,e.sum-t.sum),bounds:e.bounds,cumulative:e.cumulative.map((n,r)=>n-t.cumulative[r])}}function Mo(e,t){
if(e.requests!==t.requests||e.errors!==t.errors)return!1;for(let[n,r]of t.phases)if(e.phases.get(n)?.count!==r.count)return!1;return e.phases.size===t.phases.size}
function Dt(e){let t=new Map;for(let{labels:n,value:r}of e?.series??[]){let i=n.model_name;i&&r!==void 0&&t.set(i,(t.get(i)??0)+r)}return t}var Ft=300,ko=1e3,So=31,Po=6e4,Lo=8e3,De=class{snapshots=[];points=[];ofModels=new Map;get latest(){return this.snapshots.at(-1)??null}add(t){let n=this.latest;
if(n&&t.atMs<=n.atMs||(this.snapshots.push(t),this.snapshots.length>So&&this.snapshots.shift(),!n))return;let r=(t.atMs-n.atMs)/1e3;this.points.push(Ht(t.atMs,$e(
n.total,t.total,r))),this.points.length>Ft&&this.points.shift();for(let[i,s]of t.models){let a=n.models.get(i);a!==s&&this.addPoint(i,a?.total,s.total,t.atMs,r)}}series(t){
if(t===void 0)return this.points;let n=new Map((this.ofModels.get(t)??[]).map(r=>[r.atMs,r]));return this.points.map(({atMs:r})=>n.get(r)??{atMs:r,requestsPerS:0,
errorsPerS:0,p50:null,p99:null})}rates(t,n){return this.over(Lo,t,n)}minute(t,n){return this.over(Po,t,n)}clear(){this.snapshots=[],this.points=[],this.ofModels.
clear()}over(t,n,r){let i=this.latest,s=i&&this.snapshots.find(({atMs:u})=>i.atMs-u<=t);if(!i||!s||s===i||!i.hasRequests)return null;let a=Vt(i,n,r),l=(i.atMs-s.
atMs)/1e3;return a?$e(Vt(s,n,r),a,l):null}addPoint(t,n,r,i,s){let a=this.ofModels.get(t);if(!a){if(this.ofModels.size>=ko)return;this.ofModels.set(t,a=[])}a.push(
Ht(i,$e(n,r,s))),a.length>Ft&&a.shift()}};function Vt(e,t,n){if(t===void 0)return e.total;let r=e.models.get(t);return n===void 0?r?.total:r?.versions.get(n)}function Ht(e,t){
let{requestsPerS:n,errorsPerS:r,latency:i}=t;return{atMs:e,requestsPerS:n,errorsPerS:r,p50:$(i,.5),p99:$(i,.99)}}function Ie(e){return new URL(`..${e}`,document.baseURI).href}var D=class extends Error{status;code;constructor(t,n,r){super(r),this.status=t,this.code=n}get isConflict(){
return this.status===412}},Bt=3e4,Wt={accept:"application/json","x-salver-actor":"console"};async function he(e){return Ut(await fetch(Ie(e),{headers:Wt,signal:AbortSignal.
timeout(Bt),cache:"no-store"}))}async function V(e){try{return await he(e)}catch(t){if(t instanceof D&&t.status===404)return null;throw t}}async function ge(e,t={}){
let n={...Wt};e.body!==void 0&&(n["content-type"]=e.method==="PATCH"?"application/merge-patch+json":"application/json"),t.etag&&(n["if-match"]=To(t.etag));let r={
method:e.method,headers:n,signal:AbortSignal.timeout(Bt)};return e.body!==void 0&&(r.body=JSON.stringify(e.body)),Ut(await fetch(Ie(`${e.path}${t.dryRun?"?dry_r\
un=true":""}`),r))}var H=e=>`/v1/models/${encodeURIComponent(e)}`,Oe=(e,t)=>`${H(e)}/versions/${t}`,qe=(e,t)=>`${H(e)}/labels/${encodeURIComponent(t)}`;async function Ut(e){
let t=await e.text(),n;try{n=t?JSON.parse(t):{}}catch{throw new D(e.status,"UNKNOWN",`the answer is no JSON: ${t.slice(0,200)}`)}if(e.ok)return n;let{error:r,code:i}=n;
throw new D(e.status,i??`HTTP ${e.status}`,r??e.statusText)}function To(e){return e.startsWith('"')?e:`"${e}"`}function Gt(e){return Math.min(3e4,Math.max(2e3,e*10))}function zt(e){return Math.min(1e4,500*2**Math.min(e,10))}function st(e){return Math.min(1e4,Math.max(150,
e*4))}var jt=2e3,Co=8,Xt=3e4,Eo=5e3,No=["state","config","source","server","lost"],Ve=class{connection="connecting";problem="";server=null;models=new Map;etag="";events=[];hasEvents=!0;hasMetrics=!0;batching=null;history=new De;listeners=new Set;eventListeners=new Set;clockOffsetMs=0;isAnnounced=!1;dirty=new Set;isAllDirty=!1;gathering=0;gatherMs=st(
0);source=null;watched=null;wake=()=>{};fail=()=>{};subscribe(t){return this.listeners.add(t),()=>this.listeners.delete(t)}onEvent(t){return this.eventListeners.
add(t),()=>this.eventListeners.delete(t)}nowMs(){return Date.now()+this.clockOffsetMs}get modelList(){return[...this.models.values()]}watch(t){this.watched=t,this.
batching=null,this.wake()}accept(t,n){t&&this.models.set(t.name,t),n!==void 0&&this.models.delete(n),this.announce()}async run(){document.addEventListener("visi\
bilitychange",()=>this.wake());for(let t=0;;t+=1){try{await this.follow(()=>t=0)}catch(n){this.connection=this.server?"lost":"connecting",this.problem=n instanceof
D?`${n.code}: ${n.message}`:"",t>1&&(this.connection="lost"),this.announce()}await Fe(zt(t))}}async follow(t){let n=this.server?.started_at;await this.askServer(),
n!==void 0&&n!==this.server?.started_at&&this.forget();let r=await V("/v1/events");this.hasEvents=r!==null,this.events=r?.events??[],await this.askModels(),t(),
this.connection="live",this.problem="",this.announce();let i=new Promise((a,l)=>this.fail=l);r&&this.openStream(r.last_id);let s=new AbortController;try{await Promise.
race([i,this.askFigures(s.signal),this.refreshModels(s.signal)])}finally{s.abort(),this.source?.close(),this.source=null}}openStream(t){let n=new EventSource(Ie(
`/v1/events?after=${t}`)),r=!1;n.onopen=()=>r=!0;for(let i of No)n.addEventListener(i,s=>this.take(JSON.parse(s.data)));n.onerror=()=>{n.close(),this.source===n&&
(this.source=null),r&&this.fail(new Error("the stream of events ended"))},this.source=n}take(t){this.events.push(t),this.events.length>jt&&this.events.splice(0,
this.events.length-jt),t.type==="config"||t.type==="lost"||t.model===void 0?this.isAllDirty=!0:this.dirty.add(t.model);for(let n of this.eventListeners)n(t);this.
announce(),this.gathering||(this.gathering=window.setTimeout(()=>{this.askDirty()},this.gatherMs))}async askDirty(){this.gathering=0;let t=[...this.dirty],n=this.
isAllDirty||t.length>Co,r=performance.now();this.dirty.clear(),this.isAllDirty=!1;try{n?await Promise.all([this.askModels(),this.askServer()]):await Promise.all(
t.map(i=>this.askModel(i))),this.announce()}catch(i){this.fail(i)}this.gatherMs=st(performance.now()-r)}async askServer(){this.server=await he("/v1/server"),this.
clockOffsetMs=Date.parse(this.server.started_at)+this.server.uptime_s*1e3-Date.now()}async askModels(){let{etag:t,models:n}=await he("/v1/models");this.models=new Map(
n.map(r=>[r.name,r])),this.etag=t}async askModel(t){let n=await V(H(t));n?this.models.set(t,n):this.models.delete(t)}async askFigures(t){for(;!t.aborted;){let n=performance.
now();await this.askServer();let r=await V("/v1/metrics");this.hasMetrics=r!==null,r&&this.history.add(It(r,this.history.latest));let i=this.watched;if(i!==null&&
this.models.has(i)){await this.askModel(i);let s=await V(`/v1/batching/${encodeURIComponent(i)}`);this.watched===i&&(this.batching=s?.batching??null)}this.announce(),
await this.rest(Gt(performance.now()-n))}}async refreshModels(t){for(;!t.aborted;)await Fe(this.source?Xt:Eo),!(t.aborted||document.hidden)&&(this.hasEvents&&!this.
source&&await this.askEvents(),await this.askModels(),this.announce())}async askEvents(){let{events:t,last_id:n}=await he("/v1/events"),r=this.events.at(-1)?.id??
-1;for(let i of t)i.id>r&&this.take(i);this.openStream(n)}async rest(t){let n=new Promise(r=>this.wake=r);for(await Promise.race([Fe(t),n]);document.hidden;)await Promise.
race([Fe(Xt),new Promise(r=>this.wake=r)])}forget(){this.history.clear(),this.events=[],this.batching=null}announce(){this.isAnnounced||(this.isAnnounced=!0,window.
setTimeout(()=>{this.isAnnounced=!1;for(let t of this.listeners)t()},16))}};function Fe(e){return new Promise(t=>window.setTimeout(t,e))}var ee,S,it,Jt,at=Object.is,He=0,rn=[],lt=[],P=y,Kt=P.__b,Yt=P.__r,Zt=P.diffed,Qt=P.__c,en=P.unmount,tn=P.__;function ve(e,t){P.__h&&P.__h(S,e,He||t),He=0;var n=S.
__H||(S.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function v(e){return He=1,Ao(cn,e)}function Ao(e,t,n){var r=ve(ee++,2);if(r.t=e,!r.__c&&
(r.__=[n?n(t):cn(void 0,t),function(s){var a=(r.__N||r.__)[0],l=r.t(a,s);at(a,l)||(r.__N=[l,r.__[1]],r.__c.setState({}))}],r.__c=S,!S.__f)){S.__f=!0;var i=S.shouldComponentUpdate;
S.shouldComponentUpdate=function(s,a,l){var u=this.__H;if(!u)return!0;var p=!1,d=this.props!=s;if(u.__.some(function(h){h.__N&&(p=!0,at(h.__[0],h.__N[0])||(d=!0))}),
i){var _=i.call(this,s,a,l);return p?_||d:_}return!p||d}}return r.__}function L(e,t){var n=ve(ee++,3);!P.__s&&ln(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,S.__H.__h.push(
n))}function z(e){return He=5,Ro(function(){return{current:e}},[])}function Ro(e,t){var n=ve(ee++,7);return ln(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function sn(e){var t=S.context[e.__c],n=ve(ee++,9);return n.c=e,t?(n.__==null&&(n.__=!0,t.sub(S)),t.props.value):e.__}function an(){var e=ve(ee++,11);if(!e.__){for(var t=S.__v;!t.__m&&t.__;)t=t.__;var n=t.__m||(t.__m=[0,0]);e.__="P"+n[0]+"-"+n[1]++}return e.__}function $o(){var e;
do{for(;e=lt.shift();)try{_e(e)}catch(n){P.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=rn.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(_e),t.__h.some(ct),t.__h=[]}catch(n){
t.__h=[],P.__e(n,e.__v)}}}while(lt.length)}P.__b=function(e){S=null,Kt&&Kt(e)},P.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),tn&&tn(e,t)},P.__r=function(e){
Yt&&Yt(e),ee=0;var t=(S=e.__c).__H;t&&(it==S?S.__h=[]:(t.__h.some(_e),t.__h.some(ct),ee=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),
it=S},P.diffed=function(e){Zt&&Zt(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&on(rn.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),it=S=null},P.__c=function(e,t){
t.some(function(n){try{n.__h.some(_e),n.__h=n.__h.filter(function(r){return!r.__||ct(r)})}catch(r){n.__h=[function(){throw r}]}}),Qt&&Qt(e,t)},P.unmount=function(e){
en&&en(e);var t,n,r=e.__c;r&&r.__H&&(r.__H.__.some(function(i){try{if(i.__P&&i.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}i.__P=n,
on(lt.push(i))}else _e(i)}catch(s){t=s}}),r.__H=void 0,t&&P.__e(t,r.__v))};var nn=typeof requestAnimationFrame=="function";function Do(e){var t,n=function(){clearTimeout(
r),nn&&cancelAnimationFrame(t),setTimeout(e)},r=setTimeout(n,35);nn&&(t=requestAnimationFrame(n))}function on(e){e!=1&&Jt==P.requestAnimationFrame||((Jt=P.requestAnimationFrame)||
Do)($o)}function _e(e){var t=S,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),S=t}function ct(e){var t=S;e.__c=e.__(),S=t}function ln(e,t){return!e||e.length!=
t.length||t.some(function(n,r){return!at(n,e[r])})}function cn(e,t){return typeof t=="function"?t(e):t}var Io=["name","status","versions","traffic","errors","latency","memory"],se={filter:"",status:"",sort:"name",isDescending:!1,page:0};function ut(e){let[t="",n=""]=e.
replace(/^#/,"").split("?",2),r=new URLSearchParams(n),[,i="",s=""]=t.split("/");return i==="models"&&s?{at:"model",name:qo(s)}:i==="events"?{at:"events",filter:r.
get("filter")??""}:i==="audit"?{at:"audit"}:{at:"models",view:Oo(r)}}function E(e){switch(e.at){case"model":return`#/models/${encodeURIComponent(e.name)}`;case"\
events":return`#/events${un({filter:e.filter})}`;case"audit":return"#/audit";case"models":{let{filter:t,status:n,sort:r,isDescending:i,page:s}=e.view,a=r==="nam\
e"&&!i?"":`${i?"-":""}${r}`;return`#/models${un({filter:t,status:n,sort:a,page:s>0?String(s+1):""})}`}}}function Oo(e){let t=e.get("sort")??"",n=Io.find(i=>i===
t.replace(/^-/,""))??"name",r=Number.parseInt(e.get("page")??"1",10);return{filter:e.get("filter")??"",status:e.get("status")??"",sort:n,isDescending:t.startsWith(
"-"),page:r>0?r-1:0}}function un(e){let t=new URLSearchParams(Object.entries(e).filter(([,n])=>n!=="")).toString();return t?`?${t}`:""}function qo(e){try{return decodeURIComponent(
e)}catch{return e}}function M(e){return e==null||!Number.isFinite(e)?"\u2013":e!==0&&Math.abs(e)<10?ie(e,Math.abs(e)<1?2:1):Math.round(e).toLocaleString("en-US")}function q(e){if(e==
null)return"\u2013";let t=["B","KiB","MiB","GiB","TiB"],n=e,r=0;for(;n>=1024&&r<t.length-1;)n/=1024,r+=1;return`${ie(n,n<10&&r>0?1:0)} ${t[r]}`}function T(e){return e==
null||!Number.isFinite(e)?"\u2013":e===0?"0 ms":e<.001?`${ie(e*1e6,0)} \xB5s`:e<1?`${ie(e*1e3,e<.01?2:e<.1?1:0)} ms`:e<60?`${ie(e,e<10?1:0)} s`:j(e)}function j(e){
let t=Math.max(0,Math.floor(e)),n=[[Math.floor(t/86400),"d"],[Math.floor(t/3600)%24,"h"],[Math.floor(t/60)%60,"min"],[t%60,"s"]],r=n.findIndex(([i])=>i>0);return r<
0?"0 s":n.slice(r,r+2).filter(([i])=>i>0).map(([i,s])=>`${i} ${s}`).join(" ")}function te(e,t){let n=(t-Date.parse(e))/1e3;return Number.isFinite(n)?n<-1?`in ${j(
-n)}`:n<5?"just now":`${j(n)} ago`:"\u2013"}function R(e){let t=new Date(e);return Number.isNaN(t.getTime())?"\u2013":t.toLocaleTimeString("en-GB",{hour12:!1})}
function ae(e){let t=new Date(e);return Number.isNaN(t.getTime())?"\u2013":`${t.toLocaleDateString("en-CA")} ${t.toLocaleTimeString("en-GB",{hour12:!1})}`}function le(e,t){
if(!(t>0))return"\u2013";let n=100*e/t;return n>0&&n<.1?"< 0.1 %":`${ie(n,n<10?1:0)} %`}function N(e,t){return`${e.toLocaleString("en-US")} ${t}${e===1?"":"s"}`}
function ie(e,t){return e.toFixed(t).replace(/(\.\d*?)0+$/,"$1").replace(/\.$/,"")}function dn(e,t){let n=new Map,r=new Set,i=[...e];for(let s of i)r.add(s.name);for(let s of t)s.type==="state"&&s.model!==void 0&&r.has(s.model)&&Fo(n,s);for(let s of i)
for(let a of s.versions)Vo(n,s,a);return[...n.values()].sort((s,a)=>s.model<a.model?-1:s.model>a.model?1:a.version-s.version)}function pn(e,t){let n=new Set;for(let r=e.
length-1;r>=0&&n.size<t;r-=1){let{type:i,model:s}=e[r];i==="state"&&s!==void 0&&n.add(s)}return[...n]}function fn(e,t,n){let r=Math.min(t,...e.flatMap(s=>s.segments.
map(a=>a.fromMs))),i=Math.max(6e4,(t-r)*1.02);return t-Math.min(i,n)}function Be(e,t,n){let i=1e3*([1,2,5,10,15,30,60,120,300,600,900,1800,3600,7200,21600,43200,
86400,604800].find(a=>(t-e)/(a*1e3)<=n)??2592e3),s=[];for(let a=Math.ceil(e/i)*i;a<=t;a+=i)s.push(a);return s}function X(e,t){return t&&e==="END"?"FAILED":e}function Fo(e,t){
let{model:n,version:r}=t;if(n===void 0||r===void 0)return;let i=mn(e,n,r),s=Date.parse(t.at);hn(i,s);let a=X((t.state??"").toUpperCase(),t.reason);i.segments.push(
{state:a,fromMs:s,toMs:a==="END"?s:null,reason:t.reason??null})}function Vo(e,t,n){let r=mn(e,t.name,n.version),i=X(n.state,n.reason),s=r.segments.at(-1),a=Date.
parse(n.since);s?.state===i||s&&a<s.fromMs||(hn(r,a),r.segments.push({state:i,fromMs:a,toMs:i==="END"?a:null,reason:n.reason}))}function mn(e,t,n){let r=`${t}
${n}`,i=e.get(r);return i||e.set(r,i={model:t,version:n,segments:[]}),i}function hn(e,t){let n=e.segments.at(-1);n&&n.toMs===null&&(n.toMs=t)}var Ho={START:"is about to load",LOADING:"is loading",AVAILABLE:"is available",UNLOADING:"is unloading",END:"is unloaded",FAILED:"failed"};function be(e){let t=e.
reason?`: ${e.reason.code}, ${e.reason.message}`:"";switch(e.type){case"state":{let n=X((e.state??"").toUpperCase(),e.reason);return`${e.model} version ${e.version}\
 ${Ho[n]??n}${t}`}case"source":return e.reason?`${e.model}: its base path cannot be used${t}`:`${e.model}: its base path is well again`;case"config":return`${e.
writer??"Somebody"} changed the configuration: ${N(e.num_differences??e.diff?.length??0,"difference")}`;case"server":return`The server is ${(e.state??"").toLowerCase()}`;case"\
lost":return`${N(e.num??0,"event")} came too fast to be shown`;default:return e.type}}function _n(e){if("latest"in e){let t=e.latest.num_versions;return t===1?"\
the latest version":`the latest ${t} versions`}if("specific"in e){let{versions:t}=e.specific;return`${t.length===1?"version":"versions"} ${t.join(", ")} only`}return"\
all versions"}function vn(e){let t={add:["+","add"],remove:["\u2212","remove"],replace:["~","replace"]},[n,r]=t[e.op];return{sign:n,verb:r,path:e.path,before:gn(
e.before),after:gn(e.after)}}function gn(e){return e==null?"":JSON.stringify(e,null,1).replace(/\n\s*/g," ")}var Bo=Symbol.for("pv"),Wo=0;function o(e,t,n,r,i,s){t||(t={});var a,l,u=t;if("ref"in u&&typeof e!="function")for(l in u={},t)l=="ref"?a=t[l]:u[l]=t[l];var p={type:e,props:u,key:n,ref:a,__k:null,
__:null,__b:0,__e:null,__c:null,constructor:Bo,__v:--Wo,__i:-1,__u:0};return(i||s)&&(p.__source=i,p.__self=s),y.vnode&&y.vnode(p),p}var Uo=1e3,Go=3;function bn({live:e}){let[t,n]=v("");return L(()=>{let r=[],i=0,s=()=>{let l=r.map(be);n(l.length>Go?`${N(l.length,"event")}; the last: ${l.at(-1)}`:
l.join(". ")),r=[],i=0},a=e.onEvent(l=>{r.push(l),i||(i=window.setTimeout(s,Uo))});return()=>{a(),window.clearTimeout(i)}},[e]),o("div",{class:"unseen",role:"lo\
g","aria-live":"polite","aria-label":"Events",children:t})}var zo=30;function ne({diff:e,most:t=zo}){return o("ul",{class:"diff",children:[e.slice(0,t).map(vn).map(({sign:n,verb:r,path:i,before:s,after:a})=>o("li",{class:r,
children:[o("span",{"aria-hidden":"true",children:n})," ",o("span",{class:"unseen",children:r}),o("code",{children:i})," ",s&&o("del",{children:s})," ",s&&a&&o(
"span",{"aria-hidden":"true",children:"\u2192 "}),a&&o("ins",{children:a})]})),e.length>t&&o("li",{children:["and ",e.length-t," more"]})]})}function yn(e){let[,t]=v(0);L(()=>e.subscribe(()=>t(n=>n+1)),[e])}function wn(){let[e,t]=v(()=>ut(location.hash));return L(()=>{let r=()=>t(ut(location.hash));return window.
addEventListener("hashchange",r),()=>window.removeEventListener("hashchange",r)},[]),[e,(r,i=!1)=>{i?(history.replaceState(null,"",E(r)),t(r)):location.hash=E(r)}]}
function ce(e,t){let[n,r]=v(()=>e.nowMs());return L(()=>{let i=window.setInterval(()=>r(e.nowMs()),t);return()=>window.clearInterval(i)},[e,t]),n}function We(e){
let[t,n]=v(e),[r,i]=v(null);return L(()=>{if(!r)return;let s=new ResizeObserver(([a])=>a&&n(Math.max(120,Math.floor(a.contentRect.width))));return s.observe(r),
()=>s.disconnect()},[r]),[i,t]}var jo=6e3,Xo=4,xn=At(()=>{}),B=()=>sn(xn);function oe(e){return e instanceof D?`${e.code}: ${e.message}`:"The server did not answer"}function Mn({children:e}){
let[t,n]=v([]),r=s=>n(a=>a.filter(l=>l.id!==s)),i=(s,a)=>{let l={id:performance.now(),kind:s,text:a};n(u=>[...u.slice(1-Xo),l])};return o(xn.Provider,{value:i,children:[
e,o("div",{class:"notices",role:"status","aria-live":"polite",children:t.map(s=>o(Jo,{notice:s,onClose:()=>r(s.id)},s.id))})]})}function Jo({notice:e,onClose:t}){
return L(()=>{if(e.kind==="failed")return;let n=window.setTimeout(t,jo);return()=>window.clearTimeout(n)},[]),o("div",{class:`notice ${e.kind}`,children:[o("spa\
n",{children:e.text}),o("button",{type:"button",class:"quiet","aria-label":"Put this notice away",onClick:t,children:"\xD7"})]})}function kn({live:e}){let[t,n]=v(null),[r,i]=v(""),s=ce(e,5e3);return L(()=>{let a=!1;return V("/v1/audit").then(l=>{a||(n(l?.audit??[]),i(""))},l=>!a&&i(oe(l))),
()=>{a=!0}},[s,e.connection]),o(x,{children:[o("div",{class:"title",children:o("h1",{tabIndex:-1,children:"Audit"})}),o("p",{class:"dim",children:"Who tried to \
change what, latest first. Names are what callers say of themselves."}),r&&o("p",{class:"problem",children:r}),t?.length===0&&o("p",{class:"empty",children:"Nob\
ody has changed anything since the server was started."}),t&&t.length>0&&o(Ko,{entries:t,nowMs:s})]})}function Ko({entries:e,nowMs:t}){return o("table",{class:"\
audit",children:[o("thead",{children:o("tr",{children:[o("th",{scope:"col",children:"When"}),o("th",{scope:"col",children:"Who"}),o("th",{scope:"col",children:"\
What"}),o("th",{scope:"col",children:"Outcome"})]})}),o("tbody",{children:e.map(n=>o("tr",{children:[o("td",{children:[o("time",{dateTime:n.at,title:ae(n.at),children:R(
n.at)})," ",o("span",{class:"dim wide",children:te(n.at,t)})]}),o("td",{children:[n.actor??"nobody named"," ",o("span",{class:"dim wide",children:n.address??""})]}),
o("td",{children:[o("code",{children:n.request}),o(ne,{diff:n.diff})]}),o("td",{class:n.outcome==="OK"?"":"ink bad",children:[n.outcome,n.is_dry_run&&o("span",{
class:"mark",children:"dry run"})]})]}))})]})}var Yo={AVAILABLE:"good",SERVING:"good",LOADING:"busy",START:"busy",STARTING:"busy",UNLOADING:"busy",DRAINING:"busy",FAILED:"bad",END:"none",EMPTY:"none"};function J(e){
return Yo[e]??"none"}function I({state:e}){let t=J(e);return o("span",{class:`badge ${t}`,children:[o(ye,{kind:t}),e.charAt(0)+e.slice(1).toLowerCase()]})}function ye({
kind:e}){return o("svg",{class:"shape",viewBox:"0 0 10 10",width:"10",height:"10","aria-hidden":"true",children:[e==="good"&&o("circle",{cx:"5",cy:"5",r:"4",fill:"\
currentColor"}),e==="busy"&&o("path",{d:"M5 1a4 4 0 1 1-4 4",fill:"none",stroke:"currentColor","stroke-width":"2"}),e==="bad"&&o("path",{d:"M5 .8 9.600 9.200H.4\
z",fill:"currentColor"}),e==="none"&&o("circle",{cx:"5",cy:"5",r:"3.400",fill:"none",stroke:"currentColor","stroke-width":"1.400"})]})}var Zo=200;function Pn({live:e,filter:t,go:n}){let[r,i]=v(!1),s=t.toLowerCase().split(/\s+/).filter(Boolean),a=e.events.filter(u=>s.every(p=>be(u).toLowerCase().
includes(p))),l=r?a:a.slice(-Zo);return o(x,{children:[o("div",{class:"title",children:o("h1",{tabIndex:-1,children:"Events"})}),o("div",{class:"filters",role:"\
search","aria-label":"Events",children:o("input",{type:"search","aria-label":"Filter events",placeholder:"Filter: a model, available, failed\u2026",value:t,onInput:u=>n(
{at:"events",filter:u.currentTarget.value},!0)})}),o(we,{live:e,events:[...l].reverse()}),l.length<a.length&&o("button",{type:"button",onClick:()=>i(!0),children:[
"Show ",a.length-l.length," more"]})]})}function we({live:e,events:t}){let n=ce(e,1e4);return e.hasEvents?t.length===0?o("p",{class:"empty small",children:"No s\
uch event."}):o("ol",{class:"events",children:t.map(r=>o("li",{children:[o("time",{dateTime:r.at,title:ae(r.at),children:R(r.at)}),o("span",{class:`ink ${Sn(r)}`,
children:o(ye,{kind:Sn(r)})}),o("span",{class:"text",children:[o(Qo,{event:r}),r.diff&&r.diff.length>0&&o(ne,{diff:r.diff})]}),o("span",{class:"dim wide",children:te(
r.at,n)})]},r.id))}):o("p",{class:"empty small",children:"This server keeps no events."})}function Qo({event:e}){let t=be(e);return e.model===void 0||!t.startsWith(
e.model)?o(x,{children:t}):o(x,{children:[o("a",{href:E({at:"model",name:e.model}),children:e.model}),t.slice(e.model.length)]})}function Sn(e){return e.type===
"source"?e.reason?"bad":"good":e.type==="lost"?"bad":J(X((e.state??"").toUpperCase(),e.reason))}var Ln="salver-theme",dt=["system","light","dark"];function pt(){let e=Tn()?.getItem(Ln);return dt.find(t=>t===e)??"system"}function Ue(e=pt()){Tn()?.setItem(Ln,
e),document.documentElement.dataset.theme=e}function Tn(){try{return window.localStorage}catch{return null}}var er=[["Models",{at:"models",view:se}],["Events",{at:"events",filter:""}],["Audit",{at:"audit"}]];function Cn({live:e,route:t}){return o("header",{class:"top",
children:[o("a",{class:"brand",href:"#/models",children:[o("img",{src:"icon.svg",alt:"",width:"22",height:"22"}),"Salver"]}),o("nav",{"aria-label":"Pages",children:er.
map(([n,r])=>o("a",{href:E(r),"aria-current":tr(t,r)?"page":void 0,children:n}))}),o(nr,{live:e}),o(or,{})]})}function tr(e,t){return e.at===t.at||e.at==="model"&&
t.at==="models"}function nr({live:e}){let{server:t}=e;return t?o("div",{class:"server",children:[e.connection==="lost"?o(I,{state:"LOST"}):o(I,{state:t.state}),
o("span",{class:"dim wide",title:`Process ${t.pid}, Python ${t.python_version}`,children:[t.version," \xB7 up ",j(t.uptime_s)," \xB7 ",q(t.resident_bytes)," res\
ident \xB7"," ",N(t.num_models,"model")]})]}):o("div",{class:"server"})}function or(){let[e,t]=v(pt),n=r=>{Ue(r),t(r)};return o("label",{class:"theme",children:[
o("span",{class:"unseen",children:"Colours"}),o("select",{value:e,onChange:r=>n(r.currentTarget.value),children:dt.map(r=>o("option",{value:r,children:r==="syst\
em"?"System":r==="light"?"Light":"Dark"}))})]})}var En={name:"",basePath:"",platform:"tensorflow",policy:"latest",numVersions:"1",versions:"",aspired:""};function Nn(e){let t=e.version_policy;return{name:e.name,
basePath:e.base_path,platform:e.platform,policy:"latest"in t?"latest":"specific"in t?"specific":"all",numVersions:"latest"in t?String(t.latest.num_versions):"1",
versions:"specific"in t?t.specific.versions.join(", "):"",aspired:e.aspired_version_policy??""}}function An(e){return e.name.trim()?e.basePath.trim()?e.policy===
"latest"&&!/^[1-9]\d{0,8}$/.test(e.numVersions.trim())?"The number of versions must be a whole number above 0.":e.policy==="specific"&&$n(e.versions)===null?"Th\
e versions must be whole numbers, with commas between them.":"":"The model needs a base path.":"The model needs a name."}function ft(e){return{name:e.name.trim(),
base_path:e.basePath.trim(),platform:e.platform.trim()||"tensorflow",version_policy:rr(e),aspired_version_policy:e.aspired||null}}function Rn(e,t){let{name:n,...r}=ft(
t),i={};for(let[s,a]of Object.entries(r)){let l=e[s];JSON.stringify(a)!==JSON.stringify(l)&&(i[s]=a)}return i}function rr(e){switch(e.policy){case"latest":return{
latest:{num_versions:Number(e.numVersions)}};case"specific":return{specific:{versions:$n(e.versions)??[]}};case"all":return{all:{}}}}function $n(e){let t=e.split(
/[\s,]+/).filter(Boolean);return t.length>0&&t.every(n=>/^\d{1,15}$/.test(n))?t.map(Number):null}function ue({title:e,onClose:t,children:n}){let r=z(null),i=an();return L(()=>{let s=document.activeElement;return r.current?.showModal(),()=>{s instanceof HTMLElement&&
s.isConnected&&s.focus()}},[]),o("dialog",{ref:r,"aria-labelledby":i,onCancel:s=>(s.preventDefault(),t()),children:[o("h2",{id:i,children:e}),n]})}function de({
children:e}){return o("div",{class:"buttons",children:e})}var sr=[["latest","The latest"],["all","All"],["specific","Specific ones"]];function Dn({form:e,setForm:t,isNew:n,platforms:r,onNext:i,onClose:s}){let a=u=>t({...e,
...u}),l=An(e);return o("form",{onSubmit:u=>(u.preventDefault(),l||i()),children:[o("div",{class:"fields",children:[n&&o(xe,{label:"Name",value:e.name,onInput:u=>a(
{name:u}),hint:"What clients ask for"}),o(xe,{label:"Base path",value:e.basePath,onInput:u=>a({basePath:u}),hint:"The folder, on the server, that has a folder f\
or each version"}),o(xe,{label:"Platform",value:e.platform,onInput:u=>a({platform:u}),list:r}),o(ir,{form:e,set:a}),o("label",{children:["Order of a change",o("\
select",{value:e.aspired,onChange:u=>a({aspired:u.currentTarget.value}),children:[o("option",{value:"",children:"as the server is set"}),o("option",{value:"avai\
lability_preserving",children:"load the new version, then unload the old one"}),o("option",{value:"resource_preserving",children:"unload the old version, then l\
oad the new one"})]})]})]}),o("p",{class:"hint","aria-live":"polite",children:l}),o(de,{children:[o("button",{type:"button",onClick:s,children:"Cancel"}),o("but\
ton",{type:"submit",class:"main",disabled:l!=="",children:"Next: what changes"})]})]})}function ir({form:e,set:t}){return o("fieldset",{children:[o("legend",{children:"\
Versions to serve"}),o("select",{"aria-label":"Which versions",value:e.policy,onChange:n=>t({policy:n.currentTarget.value}),children:sr.map(([n,r])=>o("option",
{value:n,children:r}))}),e.policy==="latest"&&o("input",{"aria-label":"How many",inputMode:"numeric",value:e.numVersions,onInput:n=>t({numVersions:n.currentTarget.
value})}),e.policy==="specific"&&o("input",{"aria-label":"Version numbers",placeholder:"1, 3",value:e.versions,onInput:n=>t({versions:n.currentTarget.value})})]})}
function xe({label:e,value:t,onInput:n,hint:r,list:i}){let s=`list-${e.replaceAll(" ","-")}`;return o("label",{children:[e,o("input",{value:t,autoComplete:"off",
spellcheck:!1,list:i?s:void 0,onInput:a=>n(a.currentTarget.value)}),r&&o("span",{class:"hint",children:r}),i&&o("datalist",{id:s,children:i.map(a=>o("option",{value:a}))})]})}function pe({live:e,request:t,verb:n,isDangerous:r,onDone:i,onClose:s,onBack:a}){let[l,u]=v({change:null,problem:"",isConflict:!1,isBusy:!0}),p=z(e.events.at(-1)?.
id??0),d=z(null),_=async m=>{try{let g=await ge(t,{dryRun:!0});u({change:g,problem:"",isConflict:m,isBusy:!1})}catch(g){u({change:null,problem:oe(g),isConflict:m,
isBusy:!1})}},h=async()=>{if(l.change){u({...l,isBusy:!0,problem:""});try{i(await ge(t,{etag:l.change.etag}))}catch(m){m instanceof D&&m.isConflict?await _(!0):
u({...l,isBusy:!1,problem:oe(m)})}}};L(()=>{_(!1)},[]),L(()=>d.current?.focus(),[l.change]);let{change:c}=l;return o(x,{children:[o("div",{"aria-live":"polite",
children:[l.isBusy&&!c&&o("p",{class:"dim",children:"Asking what this would change\u2026"}),l.isConflict&&o(lr,{others:cr(e,p.current)}),c&&o(ar,{change:c}),l.problem&&
o("p",{class:"problem",role:"alert",children:l.problem})]}),o(de,{children:[a&&o("button",{type:"button",onClick:a,children:"Back"}),o("button",{type:"button",onClick:s,
children:"Cancel"}),c?.is_changed&&o("button",{type:"button",ref:d,class:r?"main danger":"main",disabled:l.isBusy,onClick:()=>{h()},children:l.isBusy?"Changing\u2026":
l.isConflict?`${n} all the same`:n})]})]})}function ar({change:e}){return e.is_changed?o(x,{children:[o("p",{class:"dim",children:"This changes the configuratio\
n:"}),o(ne,{diff:e.diff,most:500})]}):o("p",{children:"Nothing would change: this is so already."})}function lr({others:e}){return o("div",{class:"problem",children:[
o("p",{children:"Somebody else changed the configuration meanwhile; nothing was changed by you."}),e.length>0&&o(ne,{diff:e})]})}function cr(e,t){return e.events.
filter(n=>n.type==="config"&&n.id>t).flatMap(n=>n.diff??[])}function In({live:e,go:t,onClose:n}){let r=B(),[i,s]=v(En);return o(qn,{live:e,title:"Add a model",verb:"Add",fields:{form:i,setForm:s,isNew:!0},request:()=>({method:"\
POST",path:"/v1/models",body:ft(i)}),onDone:l=>{e.accept(l.model);let u=i.name.trim();r("done",`${u} was added; its versions are loading`),n(),t({at:"model",name:u})},
onClose:n})}function On({live:e,model:t,onClose:n}){let r=B(),[i,s]=v(()=>Nn(t)),a=l=>{e.accept(l.model),r("done",`${t.name} was changed`),n()};return o(qn,{live:e,
title:`Edit ${t.name}`,verb:"Change",fields:{form:i,setForm:s,isNew:!1},request:()=>({method:"PATCH",path:H(t.name),body:Rn(t,i)}),onDone:a,onClose:n})}function qn({
live:e,title:t,verb:n,fields:r,request:i,onDone:s,onClose:a}){let[l,u]=v(!1),p=[...new Set(["tensorflow","tflite","python",...e.modelList.map(d=>d.platform)])];
return o(ue,{title:t,onClose:a,children:l?o(pe,{live:e,request:i(),verb:n,onDone:s,onClose:a,onBack:()=>u(!1)}):o(Dn,{...r,platforms:p,onNext:()=>u(!0),onClose:a})})}var Fn=["decode","queue","batch","run","encode"],ur={decode:"reading the request",queue:"waiting for a runner, or for company",batch:"joining the inputs",run:"i\
n the model",encode:"writing the answer"};function Hn({history:e,model:t}){let n=e.minute(t)?.phases??new Map,r=[...n].filter(([,s])=>s.count>0).sort(([s],[a])=>Vn(
s)-Vn(a)),i=r.reduce((s,[,a])=>s+a.sum,0);return o("section",{"aria-labelledby":"phases",children:[o("h2",{id:"phases",children:"Latency by phase"}),r.length===
0?o("p",{class:"empty small",children:n.size>0?"No requests in the last minute.":"Nothing was measured in the last minute."}):o("table",{class:"phases",children:[
o("thead",{children:o("tr",{children:[o("th",{scope:"col",children:"Phase"}),o("th",{scope:"col",children:"Share of the time"}),o("th",{scope:"col",class:"figur\
e",children:"mean"}),o("th",{scope:"col",class:"figure wide",children:"p50"}),o("th",{scope:"col",class:"figure",children:"p99"})]})}),o("tbody",{children:r.map(
([s,a])=>o("tr",{children:[o("th",{scope:"row",children:[s," ",o("span",{class:"dim wide",children:ur[s]??""})]}),o("td",{children:o(mt,{part:a.sum,whole:i})}),
o("td",{class:"figure",children:T(Ot(a))}),o("td",{class:"figure wide",children:T($(a,.5))}),o("td",{class:"figure",children:T($(a,.99))})]}))})]})]})}function mt({
part:e,whole:t}){let n=t>0?e/t:0;return o("span",{class:"share",children:[o("svg",{width:"100",height:"8",viewBox:"0 0 100 8","aria-hidden":"true",children:[o("\
rect",{class:"all",width:"100",height:"8",rx:"2"}),o("rect",{class:"part",width:Math.max(n>0?1:0,n*100),height:"8",rx:"2"})]}),le(e,t)]})}function Vn(e){let t=Fn.
indexOf(e);return t<0?Fn.length:t}function Wn({reports:e}){let t=(e??[]).filter(r=>r.mode!=="off"),n=t.filter(dr);return o("section",{"aria-labelledby":"batching",children:[o("h2",{id:"batching",
children:"Batching"}),t.length===0&&o(fr,{reports:e}),n.map(r=>o(mr,{report:r},`${r.version} ${r.signature}`)),n.length<t.length&&o("p",{class:"empty small",children:[
N(t.length-n.length,"signature")," ",n.length>0&&"more ","that no request came for,"," ",pr(t)]})]})}function dr(e){let t=Object.values(e.refusals).reduce((n,r)=>n+
r,0);return e.num_requests+e.num_in_flight+e.num_queued_rows+t>0}function pr(e){return[...new Set(e.map(t=>t.mode))].join(" and ")}function fr({reports:e}){return e===
null?o("p",{class:"empty small",children:"Nothing is known of it."}):e.length===0?o("p",{class:"empty small",children:"No version serves."}):o("p",{class:"empty\
 small",children:"Off: each request runs alone. The flag --enable_batching joins them."})}function mr({report:e}){let{policy:t}=e,n=t.latency_slo_s?`, 99 of 100\
 requests within ${T(t.latency_slo_s)}`:"",r=t.batch_timeout_s>0?`, waiting ${T(t.batch_timeout_s)} at most`:"";return o("div",{class:"report",children:[o("h3",
{children:["Version ",e.version,", ",e.signature,o("span",{class:"dim",children:[" ",e.mode,": up to ",M(t.max_batch_size)," rows a batch",n,e.mode==="static"?r:
""]})]}),o("dl",{class:"facts",children:[o(fe,{name:"Now",children:[M(e.num_in_flight)," running, ",M(e.num_queued_rows)," rows waiting"]}),o(fe,{name:"Batches",
children:[M(e.num_batches)," of ",M(e.num_requests)," requests"]}),o(fe,{name:"Rows a batch",children:M(e.num_batches?e.num_rows/e.num_batches:null)}),o(fe,{name:"\
Padding",children:le(e.num_padding_rows,e.num_rows+e.num_padding_rows)}),o(fe,{name:"Wait p50, p99",children:[T(e.wait?.p50_s),", ",T(e.wait?.p99_s)]}),o(fe,{name:"\
Run p50, p99",children:[T(e.run?.p50_s),", ",T(e.run?.p99_s)]})]}),o("div",{class:"pair",children:[o(Bn,{title:"Why batches left",counts:e.departures}),o(Bn,{title:"\
Why requests did not run",counts:e.refusals})]})]})}function fe({name:e,children:t}){return o("div",{children:[o("dt",{children:e}),o("dd",{children:t})]})}function Bn({
title:e,counts:t}){let n=Object.entries(t).filter(([,i])=>i>0);if(n.length===0)return null;let r=n.reduce((i,[,s])=>i+s,0);return o("table",{children:[o("captio\
n",{children:e}),o("tbody",{children:n.sort(([,i],[,s])=>s-i).map(([i,s])=>o("tr",{children:[o("th",{scope:"row",children:i.replaceAll("_"," ")}),o("td",{children:o(
mt,{part:s,whole:r})}),o("td",{class:"figure",children:M(s)})]}))})]})}function Un({live:e,planned:t,onDone:n,onClose:r}){let i=B(),s=a=>{e.accept(a.model),i("done",t.done),r(),n?.(a)};return o(ue,{title:t.title,onClose:r,children:[
t.note&&o("p",{children:t.note}),o(pe,{live:e,request:t.request,verb:t.verb,isDangerous:t.isDangerous??!1,onDone:s,onClose:r})]})}var Ge=116,re=52,Gn=18,ht=6,hr=[{name:"requests",style:"one",of:e=>e.requestsPerS},{name:"errors",style:"error",of:e=>e.errorsPerS}],gr=[{name:"p50",style:"one",
of:e=>e.p50},{name:"p99",style:"two",of:e=>e.p99}];function ze({history:e,model:t}){return o(zn,{title:"Requests a second",points:e.series(t),lines:hr,text:M})}
function je({history:e,model:t}){return o(zn,{title:"Latency",points:e.series(t),lines:gr,text:T})}function zn({title:e,points:t,lines:n,text:r}){let[i,s]=We(480),
[a,l]=v(null),u=(a===null?t.at(-1):jn(t,a))??null;return o("figure",{class:"chart",ref:i,children:[o("figcaption",{children:[o("h2",{children:e}),n.map(p=>o("sp\
an",{class:"key",children:[o("svg",{width:"18",height:"8","aria-hidden":"true",children:o("path",{class:`line ${p.style}`,d:"M1 4h16"})}),p.name," ",o("b",{children:u?
r(p.of(u)):"\u2013"})]})),o("span",{class:"dim key",children:a!==null&&u?R(u.atMs):""})]}),t.length<2?o("p",{class:"empty small",children:"The line begins here,\
 and grows with time."}):o(_r,{title:e,points:t,lines:n,text:r,width:s,at:a,setAt:l})]})}function _r(e){let{title:t,points:n,lines:r,text:i,width:s,at:a,setAt:l}=e,
u=n.at(-1).atMs,p=Math.min(n[0].atMs,u-6e4),d=n.flatMap(f=>r.map(w=>w.of(f)??0)),_=yr(Math.max(...d)),h=f=>re+(s-re-4)*(f-p)/(u-p),c=f=>ht+(Ge-ht-Gn)*(1-f/_),m=f=>{
let w=f.currentTarget.getBoundingClientRect();l(p+(f.clientX-w.left-re)/(s-re-4)*(u-p))},g=a===null?null:jn(n,a);return o("svg",{width:s,height:Ge,role:"img","a\
ria-label":br(t,n,r,i),onPointerMove:m,onPointerLeave:()=>l(null),children:[[0,.5,1].map(f=>o("g",{class:"grid",children:[o("path",{d:`M${re} ${c(_*f)}H${s-4}`}),
o("text",{x:re-6,y:c(_*f)+4,"text-anchor":"end",children:i(_*f)})]})),Be(p,u,Math.max(2,Math.floor(s/120))).map(f=>o("text",{class:"tick",x:h(f),y:Ge-4,"text-an\
chor":"middle",children:h(f)>re+20&&h(f)<s-24?R(f):""})),r.map(f=>o("path",{class:`line ${f.style}`,d:vr(n,f,h,c)})),g&&o("path",{class:"mark",d:`M${h(g.atMs)} ${ht}\
V${Ge-Gn}`})]})}function vr(e,t,n,r){let i="",s=!0;for(let a of e){let l=t.of(a);l!==null&&(i+=`${s?"M":"L"}${n(a.atMs).toFixed(1)} ${r(l).toFixed(1)}`),l!==null&&
s&&(i+="h1"),s=l===null}return i}function jn(e,t){let n;for(let r of e)(!n||Math.abs(r.atMs-t)<Math.abs(n.atMs-t))&&(n=r);return n}function br(e,t,n,r){let i=n.
map(s=>{let a=Math.max(...t.map(l=>s.of(l)??0));return`${s.name} now ${r(s.of(t.at(-1)))}, at most ${r(a)}`});return`${e} since ${R(t[0].atMs)}: ${i.join("; ")}`}
function yr(e){if(!(e>0))return 1;let t=10**Math.floor(Math.log10(e));return t*([1,2,4,5,10].find(n=>n*t>=e)??10)}function Xn({live:e,model:t,version:n,label:r,onClose:i}){let s=B(),[a,l]=v(r),[u,p]=v(n),[d,_]=v(null),h=a.trim(),c=g=>{g.preventDefault(),h&&_({method:"PUT",path:qe(
t.name,h),body:{version:u}})},m=g=>{e.accept(g.model),s("done",`${h} is version ${u} of ${t.name}`),i()};return o(ue,{title:`Move a label of ${t.name}`,onClose:i,
children:d?o(pe,{live:e,request:d,verb:"Move",onDone:m,onClose:i,onBack:()=>_(null)}):o("form",{onSubmit:c,children:[o("div",{class:"fields",children:[o(xe,{label:"\
Label",value:a,onInput:l,list:Object.keys(t.version_labels),hint:"One of the model's, or a new one"}),o("label",{children:["Version",o("select",{value:u,onChange:g=>p(
Number(g.currentTarget.value)),children:t.versions.map(g=>o("option",{value:g.version,children:[g.version,", ",g.state.toLowerCase()]}))})]})]}),o(de,{children:[
o("button",{type:"button",onClick:i,children:"Cancel"}),o("button",{type:"submit",class:"main",disabled:!h,children:"Next: what changes"})]})]})})}function Kn({model:e}){let t=e.versions.find(s=>s.state==="AVAILABLE"),[n,r]=v(null),i=t?.version;return L(()=>{let s=!1;if(r(null),i!==void 0)return V(Oe(e.name,
i)).then(a=>!s&&r(a?.signatures??null),()=>{}),()=>{s=!0}},[e.name,i,t?.since]),!n||i===void 0?null:o("section",{"aria-labelledby":"signatures",children:[o("h2",
{id:"signatures",children:["Signatures of version ",i]}),o("div",{class:"scroll",tabIndex:0,role:"group","aria-label":"Table of signatures",children:o("table",{
children:[o("thead",{children:o("tr",{children:[o("th",{scope:"col",children:"Signature"}),o("th",{scope:"col",children:"Inputs"}),o("th",{scope:"col",children:"\
Outputs"})]})}),o("tbody",{children:Object.entries(n).map(([s,a])=>o("tr",{children:[o("th",{scope:"row",children:s}),o("td",{children:o(Jn,{tensors:a.inputs})}),
o("td",{children:o(Jn,{tensors:a.outputs})})]}))})]})})]})}function Jn({tensors:e}){return o("ul",{class:"plain",children:Object.entries(e).map(([t,n])=>o("li",
{children:o("code",{children:[t,": ",n.dtype.replace(/^DT_/,"").toLowerCase(),wr(n.shape)]})}))})}function wr(e){return e?`[${e.map(t=>t<0?"?":t).join(", ")}]`:
" of any rank"}var Me=26,xr=20,Mr=[["5 minutes",3e5],["1 hour",36e5],["1 day",864e5],["All",1/0]];function Xe({live:e,models:t,events:n,title:r,hasNames:i=!1}){let s=ce(e,1e3),
[a,l]=v(36e5),[u,p]=We(800),d=dn(t,n),_=fn(d,s,a),h=d.filter(m=>m.segments.some(g=>(g.toMs??s)>=_)),c=h.slice(0,xr);return o("section",{"aria-labelledby":"life",
children:[o("div",{class:"title",children:[o("h2",{id:"life",children:r}),o("div",{class:"choices",role:"group","aria-label":"Time shown",children:Mr.map(([m,g])=>o(
"button",{type:"button","aria-pressed":a===g,onClick:()=>l(g),children:m}))})]}),o("div",{class:"timeline",ref:u,children:[c.length===0?o("p",{class:"empty smal\
l",children:"Nothing is known of versions yet."}):o(kr,{rows:c,fromMs:_,toMs:s,width:p,hasNames:i}),h.length>c.length&&o("p",{class:"dim",children:["and ",h.length-
c.length," older versions"]})]}),c.length>0&&o(Pr,{rows:c,now:s,hasNames:i})]})}function kr({rows:e,fromMs:t,toMs:n,width:r,hasNames:i}){let s=i?Math.min(200,r/
3):88,a=(r-s-4)/(n-t),l=d=>s+Math.max(0,d-t)*a,u=e.length*Me,p=Be(t,n,Math.max(2,Math.floor(r/110)));return o("svg",{width:r,height:u+20,role:"img","aria-label":e.
map(d=>Tr(d,i)).join("; "),children:[p.map(d=>o("g",{class:"grid",children:[o("path",{d:`M${l(d)} 0V${u}`}),o("text",{x:l(d),y:u+15,"text-anchor":"middle",children:l(
d)>s+20&&l(d)<r-24?R(d):""})]})),e.map((d,_)=>o("g",{transform:`translate(0 ${_*Me})`,children:[o("text",{class:"name",x:"0",y:Me/2+4,children:[i?Lr(d.model,s/8-
5):"version"," ",d.version]}),d.segments.map(h=>o(Sr,{segment:h,x:l,toMs:n,fromMs:t}))]}))]})}function Sr(e){let{segment:t,x:n,fromMs:r,toMs:i}=e,s=t.toMs??i;if(s<
r)return null;let a=n(t.fromMs),l=Math.max(3,n(s)-a),u=t.state.toLowerCase(),p=t.state==="END"?"none":J(t.state);return o("g",{class:`bar ${p} ${t.state==="UNLO\
ADING"?"leaving":""}`,children:[o("title",{children:Cr(t,i)}),o("rect",{x:a,y:"4",width:l,height:Me-8,rx:"3"}),l>u.length*7+12&&o("text",{x:a+7,y:Me/2+4,children:u})]})}
function Pr({rows:e,now:t,hasNames:n}){return o("details",{children:[o("summary",{children:"As a table"}),o("table",{children:[o("thead",{children:o("tr",{children:[
o("th",{scope:"col",children:"Version"}),o("th",{scope:"col",children:"State"}),o("th",{scope:"col",children:"From"}),o("th",{scope:"col",children:"For"})]})}),
o("tbody",{children:e.flatMap(r=>[...r.segments].reverse().map(i=>o("tr",{children:[o("th",{scope:"row",children:[n&&`${r.model} `,r.version]}),o("td",{children:o(
I,{state:i.state})}),o("td",{children:ae(i.fromMs)}),o("td",{children:i.state==="END"?"":j(((i.toMs??t)-i.fromMs)/1e3)})]})))})]})]})}function Lr(e,t){return e.
length>t?`${e.slice(0,t-1)}\u2026`:e}function Tr(e,t){let n=e.segments.at(-1);return`${t?`${e.model} `:""}version ${e.version}: ${n.state.toLowerCase()} since ${R(
n.fromMs)}`}function Cr(e,t){let n=e.state==="END"?"":` for ${j(((e.toMs??t)-e.fromMs)/1e3)}`,r=e.reason?`: ${e.reason.code}, ${e.reason.message}`:"";return`${e.
state.toLowerCase()} from ${R(e.fromMs)}${n}${r}`}function O({name:e,value:t,more:n}){return o("div",{class:"tile",children:[o("dt",{children:e}),o("dd",{children:[o("span",{class:"value",children:t}),n!==void 0&&
o("span",{class:"dim",children:[" ",n]})]})]})}function Je({history:e,model:t}){let n=e.rates(t),r=e.minute(t);return o(x,{children:[o(O,{name:"Requests",value:M(
n?.requestsPerS),more:"a second"}),o(O,{name:"Errors",value:r&&r.requestsPerS>0?le(r.errorsPerS,r.requestsPerS):M(n?.errorsPerS),more:"last minute"}),o(O,{name:"\
Latency p50",value:T($(r?.latency,.5))}),o(O,{name:"Latency p99",value:T($(r?.latency,.99))})]})}function Yn({live:e,model:t,actions:n}){return o("section",{"aria-labelledby":"versions",children:[o("h2",{id:"versions",children:"Versions"}),t.versions.length===
0?o("p",{class:"empty small",children:"There is none: the base path has no version that the policy asks for."}):o("table",{class:"versions",children:[o("thead",
{children:o("tr",{children:[o("th",{scope:"col",children:"Version"}),o("th",{scope:"col",children:"State"}),o("th",{scope:"col",children:"Labels"}),o("th",{scope:"\
col",class:"figure",children:"Requests/s"}),o("th",{scope:"col",class:"figure wide",children:"In flight"}),o("th",{scope:"col",class:"figure wide",children:"Mem\
ory"}),o("th",{scope:"col",class:"figure wide",children:"Load"}),o("th",{scope:"col",children:o("span",{class:"unseen",children:"Actions"})})]})}),o("tbody",{children:t.
versions.map(r=>o(Er,{live:e,model:t,version:r,actions:n},r.version))})]})]})}function Er({live:e,model:t,version:n,actions:r}){let i=X(n.state,n.reason);return o(
"tr",{children:[o("th",{scope:"row",children:n.version}),o("td",{children:[o(I,{state:i})," ",o("span",{class:"dim wide",children:te(n.since,e.nowMs())}),o(Nr,{
version:n,nowMs:e.nowMs()})]}),o("td",{class:"labels",children:o(Ar,{model:t,version:n,actions:r})}),o("td",{class:"figure",children:M($r(e.history,t,n))}),o("t\
d",{class:"figure wide",children:M(n.num_in_flight)}),o("td",{class:"figure wide",children:q(n.memory_bytes)}),o("td",{class:"figure wide",children:T(n.load_s)}),
o("td",{class:"actions",children:t.source==="config"&&o(Rr,{model:t,version:n,actions:r,state:i})})]})}function Nr({version:e,nowMs:t}){if(!e.reason&&e.num_failed_loads===
0)return null;let n=e.num_failed_loads>0?`${N(e.num_failed_loads,"attempt")} failed`:"",r=e.next_retry_at!==null&&Date.parse(e.next_retry_at)<=t,i=e.next_retry_at?
`next ${r?"at once":te(e.next_retry_at,t)}`:"";return o("span",{class:"why",children:[e.reason&&`${e.reason.code}: ${e.reason.message}`,(n||i)&&o("span",{class:"\
dim",children:[" ",[n,i].filter(Boolean).join(", ")]})]})}function Ar({model:e,version:t,actions:n}){let r=Object.entries(e.version_labels).filter(([,i])=>i===t.
version);return o(x,{children:r.map(([i])=>o("span",{class:`label ${t.labels.includes(i)?"":"pending"}`,title:t.labels.includes(i)?void 0:"It takes effect once \
the version is available",children:[i,!t.labels.includes(i)&&o("span",{class:"dim",children:"\xA0pending"}),e.source==="config"&&o("button",{type:"button",class:"\
quiet","aria-label":`Remove label ${i} from version ${t.version}`,onClick:()=>n.removeLabel(i),children:"\xD7"})]}))})}function Rr(e){let{model:t,version:n,actions:r,
state:i}=e,s=`version ${n.version}`;return o(x,{children:[i==="FAILED"&&o("button",{type:"button","aria-label":`Retry ${s}`,onClick:()=>r.retry(n),children:"Ret\
ry"}),i==="AVAILABLE"&&o("button",{type:"button","aria-label":`Reload ${s}`,onClick:()=>r.reload(n),children:"Reload"}),o("button",{type:"button","aria-label":`\
Move a label to ${s}`,onClick:()=>r.label(n,""),children:"Label\u2026"}),!(t.is_pinned&&i!=="END")&&o("button",{type:"button","aria-label":`Pin ${s}`,onClick:()=>r.
pin(n),children:"Pin\u2026"})]})}function $r(e,t,n){return e.rates()?e.rates(t.name,String(n.version))?.requestsPerS??0:null}var Dr=15;function Zn({live:e,name:t,go:n}){let[r,i]=v({kind:"none"}),s=e.models.get(t),a=()=>i({kind:"none"});if(!s)return o(Ir,{name:t});let l=e.events.filter(
u=>u.model===t);return o(x,{children:[o(Or,{model:s,setOpen:i}),s.reason&&o("p",{class:"problem",children:[o("strong",{children:s.reason.code}),": ",s.reason.message]}),
o("dl",{class:"tiles",children:[o(Je,{history:e.history,model:t}),o(O,{name:"In flight",value:M(s.num_in_flight),more:"requests"}),o(O,{name:"Memory",value:q(s.
memory_bytes)})]}),o(qr,{model:s}),o(Yn,{live:e,model:s,actions:Fr(s,i)}),o(Xe,{live:e,models:[s],events:l,title:"Life of versions"}),o("div",{class:"pair",children:[
o(ze,{history:e.history,model:t}),o(je,{history:e.history,model:t})]}),o("div",{class:"pair",children:[o(Hn,{history:e.history,model:t}),o(Wn,{reports:e.batching})]}),
o(Kn,{model:s}),o("section",{"aria-labelledby":"events",children:[o("h2",{id:"events",children:"Events"}),o(we,{live:e,events:l.slice(-Dr).reverse()})]}),r.kind===
"edit"&&o(On,{live:e,model:s,onClose:a}),r.kind==="label"&&o(Xn,{live:e,model:s,...r,onClose:a}),r.kind==="change"&&o(Un,{live:e,planned:r.planned,onClose:a,onDone:()=>{
r.isRemoval&&(e.accept(null,t),n({at:"models",view:se}))}})]})}function Ir({name:e}){return o("div",{class:"empty",children:[o("h1",{tabIndex:-1,children:e}),o(
"p",{children:"There is no model of this name, or no more."}),o("a",{href:E({at:"models",view:se}),children:"All models"})]})}function Or({model:e,setOpen:t}){let n=Qn(),
r=H(e.name),i=(l,u=!1)=>t({kind:"change",planned:l,isRemoval:u}),s={title:`Remove ${e.name}`,verb:"Remove",done:`${e.name} was removed; its versions are unloadi\
ng`,request:{method:"DELETE",path:r},isDangerous:!0,note:"Its versions are unloaded once their last requests have ended. Files stay where they are."},a={title:`\
Unpin ${e.name}`,verb:"Unpin",done:`${e.name} goes by its version policy again`,request:{method:"POST",path:`${r}:unpin`,body:{}}};return o("div",{class:"title",
children:[o("a",{class:"back",href:E({at:"models",view:se}),"aria-label":"All models",children:"\u2039"}),o("h1",{tabIndex:-1,children:e.name}),o(I,{state:e.status}),
e.is_pinned&&o("span",{class:"mark",children:"pinned"}),e.source==="program"?o("span",{class:"dim",children:"This servable is brought by the program of the serv\
er, and changed there."}):o("div",{class:"actions",children:[o("button",{type:"button",onClick:()=>n({method:"POST",path:`${r}:reload`,body:{}},`The base path o\
f ${e.name} was looked at`),children:"Look for versions"}),e.is_pinned&&o("button",{type:"button",onClick:()=>i(a),children:"Unpin\u2026"}),o("button",{type:"bu\
tton",onClick:()=>t({kind:"edit"}),children:"Edit\u2026"}),o("button",{type:"button",class:"danger",onClick:()=>i(s,!0),children:"Remove\u2026"})]})]})}function qr({
model:e}){let t=[["Base path",o("code",{children:e.base_path||"none"})],["Platform",e.platform],["Serves",_n(e.version_policy)],["Order of a change",e.aspired_version_policy?.
replace("_"," ")??"as the server is set"],["Batching",e.batching]];return o("dl",{class:"facts",children:t.map(([n,r])=>o("div",{children:[o("dt",{children:n}),
o("dd",{children:r})]}))})}function Qn(){let e=B();return(t,n)=>{ge(t).then(()=>e("done",n),r=>e("failed",oe(r)))}}function Fr(e,t){let n=Qn(),r=H(e.name),i=s=>Oe(
e.name,s.version);return{pin:({version:s})=>t({kind:"change",planned:{title:`Pin ${e.name} to version ${s}`,verb:"Pin",done:`${e.name} is pinned to version ${s}`,
request:{method:"POST",path:`${r}:pin`,body:{version:s}},note:"Only this version is served until the model is unpinned."}}),label:({version:s},a)=>t({kind:"labe\
l",version:s,label:a}),removeLabel:s=>t({kind:"change",planned:{title:`Remove label ${s} of ${e.name}`,verb:"Remove",done:`${e.name} has no label ${s} any more`,
request:{method:"DELETE",path:qe(e.name,s)},isDangerous:!0,note:"Requests that ask for this label are refused from then on."}}),reload:s=>n({method:"POST",path:`${i(
s)}:reload`,body:{}},`Version ${s.version} is loaded anew`),retry:s=>n({method:"POST",path:`${i(s)}:retry`,body:{}},`Version ${s.version} is tried again`)}}var eo=["FAILED","LOADING","UNLOADING","EMPTY","AVAILABLE"];function to(e,t,n){let r=t.filter.toLowerCase().split(/\s+/).filter(Boolean),i=e.filter(p=>(!t.status||
p.status===t.status)&&r.every(d=>Vr(p,d))),s=Hr(i,t.sort,n);t.isDescending&&s.reverse();let a=Math.max(1,Math.ceil(s.length/50)),l=Math.min(t.page,a-1);return{rows:s.
slice(l*50,(l+1)*50).map(n),numFound:i.length,page:l,numPages:a}}function no(e){let t=new Map;for(let{status:n}of e)t.set(n,(t.get(n)??0)+1);return new Map(eo.filter(
n=>t.has(n)).map(n=>[n,t.get(n)]))}function gt(e){return e.versions.filter(t=>t.state==="AVAILABLE").length}function Vr(e,t){return e.name.toLowerCase().includes(
t)||e.platform.toLowerCase().includes(t)?!0:Object.keys(e.version_labels).some(n=>n.toLowerCase().includes(t))}function Hr(e,t,n){let r=Br(t,n),i=e.map(s=>({model:s,
key:r(s)}));return i.sort((s,a)=>s.key-a.key||(s.model.name<a.model.name?-1:1)),i.map(({model:s})=>s)}function Br(e,t){switch(e){case"name":return()=>0;case"sta\
tus":return n=>eo.indexOf(n.status);case"versions":return n=>gt(n);case"traffic":return n=>t(n).requestsPerS??-1;case"errors":return n=>t(n).errorsPerS??-1;case"\
latency":return n=>t(n).p99??-1;case"memory":return n=>t(n).memoryBytes??-1}}var Wr=[{sort:"name",name:"Model"},{sort:"status",name:"Status"},{sort:"versions",name:"Versions",isWide:!0,isDescending:!0},{sort:"traffic",name:"Requests/s",isFigure:!0,
isDescending:!0},{sort:"errors",name:"Errors/s",isFigure:!0,isWide:!0,isDescending:!0},{sort:"latency",name:"p99",isFigure:!0,isWide:!0,isDescending:!0},{sort:"\
memory",name:"Memory",isFigure:!0,isWide:!0,isDescending:!0}];function oo({page:e,view:t,show:n,hasModels:r}){return e.numFound===0?o(Jr,{hasModels:r,show:n}):o(
x,{children:[o("table",{class:"models",children:[o("thead",{children:o("tr",{children:Wr.map(i=>o(Ur,{column:i,view:t,show:n}))})}),o("tbody",{children:e.rows.map(
i=>o(zr,{row:i},i.model.name))})]}),e.numPages>1&&o(Xr,{page:e,show:n})]})}function Ur({column:e,view:t,show:n}){let r=t.sort===e.sort,i=()=>n({sort:e.sort,isDescending:r?
!t.isDescending:e.isDescending??!1}),s=r?t.isDescending?"descending":"ascending":void 0;return o("th",{scope:"col",class:Gr(e),"aria-sort":s,children:o("button",
{type:"button",class:"head",onClick:i,children:[e.name,o("span",{"aria-hidden":"true",children:r?t.isDescending?" \u2193":" \u2191":""})]})})}function Gr(e){return`${e.
isFigure?"figure":""} ${e.isWide?"wide":""}`.trim()}function zr({row:e}){let{model:t}=e;return o("tr",{children:[o("th",{scope:"row",children:[o("a",{href:E({at:"\
model",name:t.name}),children:t.name}),t.is_pinned&&o("span",{class:"mark",children:"pinned"}),t.source==="program"&&o("span",{class:"mark",children:"of the pro\
gram"}),t.reason&&o("span",{class:"why",children:t.reason.message})]}),o("td",{children:o(I,{state:t.status})}),o("td",{class:"wide",children:o(jr,{row:e})}),o(
"td",{class:"figure",children:M(e.requestsPerS)}),o("td",{class:`figure wide ${e.errorsPerS?"ink bad":""}`,children:M(e.errorsPerS)}),o("td",{class:"figure wide",
children:T(e.p99)}),o("td",{class:"figure wide",children:q(e.memoryBytes)})]})}function jr({row:e}){let t=e.model.versions.filter(r=>r.state==="AVAILABLE"),n=e.
model.versions.length-gt(e.model);return o(x,{children:[t.slice(0,4).map(({version:r,labels:i})=>o("span",{class:"version",children:[r,i.map(s=>o("span",{class:"\
label",children:s}))]})),t.length>4&&o("span",{class:"dim",children:["and ",t.length-4," more "]}),n>0&&o("span",{class:"dim",children:t.length>0?`+ ${n} not se\
rving`:`${n} not serving`})]})}function Xr({page:e,show:t}){return o("nav",{class:"pages","aria-label":"Pages of models",children:[o("button",{type:"button",disabled:e.
page===0,onClick:()=>t({page:e.page-1}),children:"Previous"}),o("span",{"aria-live":"polite",children:["Page ",e.page+1," of ",e.numPages,", ",N(e.numFound,"mod\
el")]}),o("button",{type:"button",disabled:e.page+1>=e.numPages,onClick:()=>t({page:e.page+1}),children:"Next"})]})}function Jr({hasModels:e,show:t}){return e?o(
"div",{class:"empty",children:[o("p",{children:"No model is like that."}),o("button",{type:"button",onClick:()=>t({filter:"",status:""}),children:"Show all"})]}):
o("div",{class:"empty",children:[o("p",{children:"No model is configured."}),o("p",{class:"dim",children:"Add one above, with salver ctl load, or in the model c\
onfig file."})]})}var Kr=8,Yr=5;function ro({live:e,view:t,go:n}){let[r,i]=v(!1),s=l=>n({at:"models",view:{...t,page:0,...l}},!0),a=to(e.modelList,t,l=>es(e,l));return o(x,{children:[
o("div",{class:"title",children:[o("h1",{tabIndex:-1,children:"Models"}),o("button",{type:"button",class:"main",onClick:()=>i(!0),children:"Add a model\u2026"})]}),
o("dl",{class:"tiles",children:[o(Je,{history:e.history}),o(O,{name:"In flight",value:M(e.server?.num_in_flight),more:"requests"}),o(O,{name:"Memory",value:q(e.
server?.resident_bytes),more:"resident"}),o(O,{name:"Available",value:M(e.server?.num_versions_available),more:"versions"})]}),o("div",{class:"pair",children:[o(
ze,{history:e.history}),o(je,{history:e.history})]}),o("section",{"aria-labelledby":"list",children:[o("h2",{id:"list",class:"unseen",children:"All models"}),o(
Qr,{live:e,view:t,show:s}),o(oo,{page:a,view:t,show:s,hasModels:e.models.size>0})]}),o(Zr,{live:e}),o("section",{"aria-labelledby":"latest",children:[o("h2",{id:"\
latest",children:"Latest events"}),o(we,{live:e,events:e.events.slice(-Kr).reverse()})]}),r&&o(In,{live:e,go:n,onClose:()=>i(!1)})]})}function Zr({live:e}){let t=pn(
e.events,Yr).flatMap(n=>e.models.get(n)??[]);return t.length===0?null:o(Xe,{live:e,models:t,events:e.events,title:"Versions that changed last",hasNames:!0})}function Qr({
live:e,view:t,show:n}){let r=no(e.models.values());return o("div",{class:"filters",role:"search","aria-label":"Models",children:[o("input",{type:"search","aria-\
label":"Filter by name, label or platform",placeholder:"Filter by name, label or platform",value:t.filter,onInput:i=>n({filter:i.currentTarget.value})}),o("div",
{class:"choices",role:"group","aria-label":"Status",children:[o("button",{type:"button","aria-pressed":t.status==="",onClick:()=>n({status:""}),children:["All ",
o("span",{class:"count",children:e.models.size.toLocaleString("en-US")})]}),[...r].map(([i,s])=>o("button",{type:"button","aria-pressed":t.status===i,onClick:()=>n(
{status:i}),children:[o("span",{class:`ink ${J(i)}`,children:o(ye,{kind:J(i)})}),i.charAt(0)+i.slice(1).toLowerCase()," ",o("span",{class:"count",children:s.toLocaleString(
"en-US")})]}))]})]})}function es(e,t){let n=e.history.rates(t.name),r=e.history.minute(t.name);return{model:t,requestsPerS:n?.requestsPerS??(e.history.rates()?0:
null),errorsPerS:n?.errorsPerS??(e.history.rates()?0:null),p99:$(r?.latency,.99),memoryBytes:t.memory_bytes}}function so({live:e}){yn(e);let[t,n]=wn(),r=z(null),i=t.at==="model"?E(t):t.at,s=z(i);return L(()=>{document.title=`${t.at==="model"?t.name:{models:"Models",events:"\
Events",audit:"Audit"}[t.at]} \xB7 Salver`,e.watch(t.at==="model"?t.name:null),s.current!==i&&r.current?.querySelector("h1")?.focus(),s.current=i},[i]),o(Mn,{children:[
o("a",{class:"skip",href:"#content",onClick:a=>(a.preventDefault(),r.current?.focus()),children:"Skip to the content"}),o(Cn,{live:e,route:t}),o(ns,{live:e}),o(
"main",{id:"content",ref:r,tabIndex:-1,class:e.connection==="lost"?"old":"",children:e.server?o(ts,{live:e,route:t,go:n}):o(os,{live:e})}),o(bn,{live:e})]})}function ts({
live:e,route:t,go:n}){switch(t.at){case"models":return o(ro,{live:e,view:t.view,go:n});case"model":return o(Zn,{live:e,name:t.name,go:n},t.name);case"events":return o(
Pn,{live:e,filter:t.filter,go:n});case"audit":return o(kn,{live:e})}}function ns({live:e}){let t=e.connection==="lost";return o("div",{role:"alert",children:t&&
o("p",{class:"banner",children:[o("strong",{children:e.problem?"The server refuses.":"The server does not answer."})," ",e.problem||"It may be starting anew.","\
 This page tries again by itself",e.server?"; what it shows is from before.":"."]})})}function os({live:e}){return o("div",{class:"waiting",children:[o("h1",{tabIndex:-1,
children:e.connection==="lost"?"No answer yet":"Asking the server\u2026"}),o("p",{class:"dim",children:"What is served comes here as soon as the server answers."})]})}Ue();var io=new Ve;Nt(o(so,{live:io}),document.getElementById("app"));io.run();
