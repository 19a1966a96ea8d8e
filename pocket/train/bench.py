import sys,time,torch,torch.nn.functional as F
torch.set_num_threads(1)
from model import *
name=sys.argv[1]; B=int(sys.argv[2]); T=190; bf=len(sys.argv)>3
m=LM(*SHAPES[name]); print(sum(p.numel() for p in m.parameters()))
opt=torch.optim.AdamW(m.parameters(),lr=1e-3,foreach=True) if 'foreach' in torch.optim.AdamW.__init__.__code__.co_varnames else torch.optim.AdamW(m.parameters())
X=torch.randint(3,99,(B,T+1))
def step():
    with torch.autocast('cpu',dtype=torch.bfloat16,enabled=bf): lo=m(X[:,:-1])
    l=F.cross_entropy(lo.float().reshape(-1,VOCAB),X[:,1:].reshape(-1)); opt.zero_grad(); l.backward(); torch.nn.utils.clip_grad_norm_(m.parameters(),1.); opt.step()
step(); t=time.process_time(); w=time.time()
for _ in range(8): step()
print(name,B,bf,'tok/cpu-s',B*T*8/(time.process_time()-t),'wall',B*T*8/(time.time()-w))
if B==16:
    with torch.profiler.profile() as p: step()
    print(p.key_averages().table(sort_by='self_cpu_time_total',row_limit=22,max_name_column_width=40)[:6000])
