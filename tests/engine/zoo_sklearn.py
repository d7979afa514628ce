"""scikit-learn models on tables of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sklearn import (
    calibration,
    cluster,
    decomposition,
    discriminant_analysis,
    ensemble,
    linear_model,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    preprocessing,
    svm,
    tree,
)
from sklearn.cross_decomposition import PLSRegression
from sklearn.pipeline import make_pipeline

import zoo_data as data
from zoo_model import Exported, ZooModel, fitted_on

SEED = data.SEED
Maker = Callable[[], Any]


def scaled(model: Any) -> Any:
    return make_pipeline(preprocessing.StandardScaler(), model)


def entry(
    name: str, kind: str, maker: Maker, table: Callable[[], Any], speed: bool = False, **options: Any
) -> ZooModel:
    def build() -> Exported:
        return fitted_on(maker(), table(), **options)

    return ZooModel(name, "scikit-learn", kind, build, speed)


iris, wine, cancer = (partial(data.bundled, name) for name in ("iris", "wine", "breast_cancer"))
diabetes = partial(data.bundled, "diabetes")
complete = partial(data.flights, complete=True)
complete4 = partial(data.flights, "lateness", complete=True)
delays = partial(data.flights, "delay", complete=True)


def linear_models() -> Iterator[ZooModel]:
    lm = linear_model
    logistic = partial(lm.LogisticRegression, max_iter=500)
    yield entry("logreg_binary", "classifier", lambda: scaled(logistic()), cancer, True)
    yield entry("logreg_multinomial", "classifier", logistic, iris)
    yield entry("logreg_string_labels", "classifier", logistic, data.named_iris)
    yield entry("logreg_zipmap", "classifier", logistic, data.named_iris, zipmap=True)
    yield entry("logreg_digits", "classifier", lambda: scaled(logistic()), data.digits)
    yield entry(
        "sgd_log_loss",
        "classifier",
        lambda: scaled(lm.SGDClassifier(loss="log_loss", random_state=SEED)),
        wine,
    )
    yield entry("ridge_classifier", "classifier", lm.RidgeClassifier, cancer)
    yield entry("perceptron", "classifier", lambda: scaled(lm.Perceptron(random_state=SEED)), wine)
    yield entry("linear_regression", "regressor", lm.LinearRegression, diabetes)
    yield entry("ridge", "regressor", lambda: lm.Ridge(alpha=0.5), diabetes)
    yield entry("lasso", "regressor", lambda: lm.Lasso(alpha=0.1), diabetes)
    yield entry("elastic_net", "regressor", lambda: scaled(lm.ElasticNet(alpha=0.1)), delays)
    yield entry("bayesian_ridge", "regressor", lm.BayesianRidge, diabetes)
    yield entry("huber", "regressor", lambda: scaled(lm.HuberRegressor()), diabetes)
    yield entry("poisson", "regressor", lambda: scaled(lm.PoissonRegressor()), diabetes)
    yield entry("multi_target_linear", "regressor", lm.LinearRegression, data.linnerud)
    yield entry("pls", "regressor", lambda: PLSRegression(n_components=2), data.linnerud)


def svm_models() -> Iterator[ZooModel]:
    for kernel in ("linear", "rbf", "poly", "sigmoid"):
        yield entry(f"svc_{kernel}", "classifier", partial(scaled, svm.SVC(kernel=kernel)), iris)
        yield entry(f"svr_{kernel}", "regressor", partial(scaled, svm.SVR(kernel=kernel)), diabetes)
    proba = {"probability": True, "random_state": SEED}
    yield entry("svc_rbf_proba", "classifier", lambda: scaled(svm.SVC(**proba)), wine)
    yield entry("svc_binary_proba", "classifier", lambda: scaled(svm.SVC(**proba)), cancer)
    yield entry("nusvc_rbf", "classifier", lambda: scaled(svm.NuSVC(nu=0.2)), wine)
    yield entry(
        "nusvc_poly_proba", "classifier", lambda: scaled(svm.NuSVC(nu=0.2, kernel="poly", **proba)), iris
    )
    yield entry("nusvr_rbf", "regressor", lambda: scaled(svm.NuSVR()), diabetes)
    yield entry("linear_svc", "classifier", lambda: scaled(svm.LinearSVC(random_state=SEED)), wine)
    yield entry("linear_svr", "regressor", lambda: scaled(svm.LinearSVR(random_state=SEED)), diabetes)
    yield entry("one_class_svm", "outlier", lambda: scaled(svm.OneClassSVM(nu=0.1)), wine)


def neighbour_and_bayes_models() -> Iterator[ZooModel]:
    yield entry("knn_classifier", "classifier", neighbors.KNeighborsClassifier, iris)
    weighted = partial(neighbors.KNeighborsRegressor, weights="distance")
    yield entry("knn_regressor_weighted", "regressor", weighted, diabetes)
    yield entry("gaussian_nb", "classifier", naive_bayes.GaussianNB, wine)
    yield entry("bernoulli_nb", "classifier", lambda: naive_bayes.BernoulliNB(binarize=7.0), data.digits)
    yield entry("multinomial_nb", "classifier", naive_bayes.MultinomialNB, data.digits)
    yield entry("complement_nb", "classifier", naive_bayes.ComplementNB, data.digits)
    yield entry("lda", "classifier", discriminant_analysis.LinearDiscriminantAnalysis, wine)
    qda = discriminant_analysis.QuadraticDiscriminantAnalysis
    yield entry("qda", "classifier", lambda: qda(reg_param=0.05), wine)


def tree_models() -> Iterator[ZooModel]:
    seeded = {"random_state": SEED}
    jobs = {"n_jobs": 1, **seeded}
    e = ensemble
    yield entry("decision_tree", "classifier", lambda: tree.DecisionTreeClassifier(**seeded), wine)
    yield entry("decision_tree_deep", "classifier", lambda: tree.DecisionTreeClassifier(**seeded), complete)
    yield entry(
        "decision_tree_regressor", "regressor", lambda: tree.DecisionTreeRegressor(**seeded), diabetes
    )
    yield entry(
        "decision_tree_multi_target", "regressor", lambda: tree.DecisionTreeRegressor(**seeded), data.linnerud
    )
    rf = partial(e.RandomForestClassifier, n_estimators=100, max_depth=8, **jobs)
    yield entry("rf100x4", "classifier", rf, complete4, True)
    yield entry(
        "rf_string_labels_zipmap",
        "classifier",
        lambda: e.RandomForestClassifier(20, **jobs),
        data.named_iris,
        zipmap=True,
    )
    yield entry(
        "rf_opset21",
        "classifier",
        lambda: e.RandomForestClassifier(20, **jobs),
        wine,
        opsets={"": 21, "ai.onnx.ml": 5},
    )
    yield entry(
        "rf_regressor", "regressor", lambda: e.RandomForestRegressor(50, max_depth=10, **jobs), delays
    )
    yield entry(
        "rf_regressor_opset21",
        "regressor",
        lambda: e.RandomForestRegressor(20, **jobs),
        diabetes,
        opsets={"": 21, "ai.onnx.ml": 5},
    )
    yield entry(
        "extra_trees", "classifier", lambda: e.ExtraTreesClassifier(50, max_depth=12, **jobs), data.digits
    )
    yield entry(
        "extra_trees_regressor", "regressor", lambda: e.ExtraTreesRegressor(50, max_depth=8, **jobs), diabetes
    )
    yield entry(
        "gbc100",
        "classifier",
        lambda: e.GradientBoostingClassifier(n_estimators=100, **seeded),
        complete,
        True,
    )
    yield entry(
        "gbc_multi", "classifier", lambda: e.GradientBoostingClassifier(n_estimators=30, **seeded), wine
    )
    yield entry("gbr", "regressor", lambda: e.GradientBoostingRegressor(**seeded), diabetes)
    hist = partial(e.HistGradientBoostingClassifier, **seeded)
    yield entry("hist_gb_missing", "classifier", hist, data.flights)
    yield entry(
        "hist_gb_multi_missing", "classifier", lambda: hist(max_iter=40), partial(data.flights, "lateness")
    )
    yield entry(
        "hist_gb_regressor_missing",
        "regressor",
        lambda: e.HistGradientBoostingRegressor(**seeded),
        partial(data.flights, "delay"),
    )
    yield entry("adaboost", "classifier", lambda: e.AdaBoostClassifier(n_estimators=30, **seeded), wine)
    yield entry(
        "adaboost_regressor", "regressor", lambda: e.AdaBoostRegressor(n_estimators=15, **seeded), diabetes
    )
    bagged = tree.DecisionTreeClassifier(max_depth=6, **seeded)
    yield entry("bagging", "classifier", lambda: e.BaggingClassifier(bagged, 12, **seeded), cancer)
    yield entry(
        "bagging_regressor", "regressor", lambda: e.BaggingRegressor(n_estimators=12, **seeded), diabetes
    )
    yield entry("isolation_forest", "outlier", lambda: e.IsolationForest(n_estimators=50, **seeded), cancer)


def composed_models() -> Iterator[ZooModel]:
    seeded = {"random_state": SEED}
    e, lm = ensemble, linear_model

    def parts() -> list[tuple[str, Any]]:
        forest = e.RandomForestClassifier(15, max_depth=6, **seeded)
        return [("lr", scaled(lm.LogisticRegression())), ("rf", forest), ("nb", naive_bayes.GaussianNB())]

    yield entry(
        "voting_soft",
        "classifier",
        lambda: e.VotingClassifier(parts(), voting="soft", flatten_transform=False),
        wine,
    )
    yield entry(
        "voting_hard",
        "classifier",
        lambda: e.VotingClassifier(parts(), voting="hard", flatten_transform=False),
        wine,
    )
    regressors = [("ridge", lm.Ridge()), ("tree", tree.DecisionTreeRegressor(max_depth=4, **seeded))]
    yield entry("voting_regressor", "regressor", lambda: e.VotingRegressor(regressors), diabetes)
    yield entry("stacking", "classifier", lambda: e.StackingClassifier(parts()), cancer)
    yield entry("stacking_regressor", "regressor", lambda: e.StackingRegressor(regressors), diabetes)
    calibrated = calibration.CalibratedClassifierCV
    yield entry(
        "calibrated_sigmoid",
        "classifier",
        lambda: calibrated(naive_bayes.GaussianNB(), method="sigmoid", cv=3),
        wine,
    )
    forest = e.RandomForestClassifier(15, max_depth=5, **seeded)
    yield entry(
        "calibrated_isotonic", "classifier", lambda: calibrated(forest, method="isotonic", cv=3), cancer
    )
    yield entry(
        "one_vs_rest",
        "classifier",
        lambda: multiclass.OneVsRestClassifier(lm.LogisticRegression(max_iter=500)),
        iris,
    )
    yield entry(
        "one_vs_one",
        "classifier",
        lambda: multiclass.OneVsOneClassifier(scaled(lm.LogisticRegression())),
        iris,
    )
    yield entry(
        "multi_output_regressor",
        "regressor",
        lambda: multioutput.MultiOutputRegressor(e.GradientBoostingRegressor(n_estimators=10, **seeded)),
        data.linnerud,
    )


def neural_models() -> Iterator[ZooModel]:
    mlp = partial(neural_network.MLPClassifier, random_state=SEED, max_iter=60)
    regressor = partial(neural_network.MLPRegressor, random_state=SEED, max_iter=120)
    yield entry("mlp", "classifier", lambda: scaled(mlp((64, 32))), data.digits, True)
    yield entry("mlp_tanh_binary", "classifier", lambda: scaled(mlp((32,), activation="tanh")), complete)
    yield entry("mlp_logistic", "classifier", lambda: scaled(mlp((16,), activation="logistic")), wine)
    yield entry(
        "mlp_regressor", "regressor", lambda: scaled(regressor(hidden_layer_sizes=(50, 20))), diabetes
    )


def transforming_pipelines() -> Iterator[ZooModel]:
    p, d, lm = preprocessing, decomposition, linear_model
    logistic = partial(lm.LogisticRegression, max_iter=500)
    whiten = {"n_components": 10, "whiten": True}
    yield entry("pca_logreg", "classifier", lambda: make_pipeline(d.PCA(**whiten), logistic()), data.digits)
    yield entry(
        "svd_tree",
        "classifier",
        lambda: make_pipeline(
            d.TruncatedSVD(8, random_state=SEED), tree.DecisionTreeClassifier(random_state=SEED)
        ),
        data.digits,
    )
    bins = partial(p.KBinsDiscretizer, n_bins=5, quantile_method="averaged_inverted_cdf")
    yield entry(
        "kbins_onehot_logreg",
        "classifier",
        lambda: make_pipeline(bins(encode="onehot-dense"), logistic()),
        wine,
    )
    yield entry(
        "kbins_ordinal_tree",
        "classifier",
        lambda: make_pipeline(bins(encode="ordinal"), tree.DecisionTreeClassifier(random_state=SEED)),
        iris,
    )
    yield entry(
        "poly_ridge", "regressor", lambda: make_pipeline(p.PolynomialFeatures(2), lm.Ridge(0.1)), diabetes
    )
    yield entry(
        "minmax_normalizer_logreg",
        "classifier",
        lambda: make_pipeline(p.MinMaxScaler(), p.Normalizer(), logistic()),
        wine,
    )
    yield entry(
        "robust_power_logreg",
        "classifier",
        lambda: make_pipeline(p.RobustScaler(), p.PowerTransformer(), logistic()),
        wine,
    )
    yield entry(
        "maxabs_binarizer_nb",
        "classifier",
        lambda: make_pipeline(p.MaxAbsScaler(), p.Binarizer(threshold=0.4), naive_bayes.BernoulliNB()),
        data.digits,
    )
    yield entry("kmeans", "cluster", lambda: cluster.KMeans(5, n_init=3, random_state=SEED), iris)


def models() -> Iterator[ZooModel]:
    yield from linear_models()
    yield from svm_models()
    yield from neighbour_and_bayes_models()
    yield from tree_models()
    yield from composed_models()
    yield from neural_models()
    yield from transforming_pipelines()
