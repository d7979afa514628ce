"""Makes cbpe.json: NannyML's estimates without labels, on data whose inputs shift.

Needs PyPI's nannyml and statsmodels. python make_cbpe.py > cbpe.json
"""
import json, numpy as np, pandas as pd, nannyml as nml
rng=np.random.default_rng(7)
def make(n, mean, sd):
    x=rng.normal(mean, sd, n); z=1.1*x+0.0
    p=1/(1+np.exp(-z)); y=(rng.random(n)<p).astype(int)
    return pd.DataFrame({'x':x,'y_pred_proba':p,'y_pred':(p>=.5).astype(int),'y':y})
ref=make(200000,0.2,1.35)
ana=pd.concat([make(5000,-0.15-0.05*k,0.95-0.06*k) for k in range(4)],ignore_index=True)
est=nml.CBPE(y_pred_proba='y_pred_proba',y_pred='y_pred',y_true='y',problem_type='classification_binary',metrics=['accuracy','roc_auc','f1'],chunk_size=5000).fit(ref).estimate(ana)
df=est.filter(period='analysis').to_df()
df.columns=['|'.join(c) for c in df.columns]
from sklearn.metrics import roc_auc_score, f1_score, accuracy_score
cases=[]
for k in range(4):
    c=ana.iloc[k*5000:(k+1)*5000]; row=df.iloc[k]
    pos=c[c.y_pred==1]; neg=c[c.y_pred==0]
    def block(d, conf):
        b=np.minimum((conf*20).astype(int),19)
        return {'counts':np.bincount(b,minlength=20).tolist(),'sum_millionths':int(np.rint(conf*1e6).sum()),
                'correct':np.bincount(b,weights=(d.y==d.y_pred).astype(float),minlength=20).astype(int).tolist()}
    cases.append({'records':5000,
      'negative':block(neg,1-neg.y_pred_proba),'positive':block(pos,pos.y_pred_proba),
      'nannyml':{m:{'value':float(row[f'{m}|value']),'sampling_error':float(row[f'{m}|sampling_error'])} for m in ['accuracy','roc_auc','f1']},
      'realised':{'accuracy':accuracy_score(c.y,c.y_pred),'roc_auc':roc_auc_score(c.y,c.y_pred_proba),'f1':f1_score(c.y,c.y_pred)}})
out={'format':'driftline.vectors.cbpe/1','made_by':f'NannyML {nml.__version__} CBPE on data made by make_cbpe.py (numpy seed 7)','cases':cases}
print(json.dumps(out, indent=1))
