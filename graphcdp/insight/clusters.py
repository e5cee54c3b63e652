"""Groups of customers who behave alike, when there are any. Source: docs/discovery.md, rule 7.

k-means (Lloyd 1982, started by k-means++, Arthur and Vassilvitskii 2007) of
scikit-learn. The number of groups is the one with the greatest mean silhouette
(Rousseeuw 1987). It is compared with data that have no groups, as the gap
statistic does (Tibshirani, Walther, Hastie 2001), and with what is found among
other customers (adjusted Rand index, Hubert and Arabie 1985; resampling as
Ben-Hur, Elisseeff, Guyon 2002).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphcdp.insight.columns import Column, Numbers

GROUPS_MAX = 8
SILHOUETTE_MIN = 0.25
"""Below it there is no structure worth the name (Kaufman and Rousseeuw 1990)."""
STABILITY_MIN = 0.8
MARGIN = 0.05
"""Of the silhouette above the greatest of data without groups."""
SHARE_MIN = 0.02
RESAMPLES = 10
RESAMPLE_SHARE = 0.7
REFERENCES = 5
COMPARED_MAX = 1000
"""Customers whose silhouette is computed: it takes the square of their number."""
FITTED_MAX = 20_000
CUSTOMERS_MIN = 50


@dataclass(frozen=True, slots=True)
class Clustering:
    """How customers fall into groups.

    labels: the group of each. silhouette: the mean, -1..1. chance: the greatest
    in data without groups. stability: 0..1.
    """

    labels: np.ndarray
    count: int
    silhouette: float
    chance: float
    stability: float

    @property
    def real(self) -> bool:
        """Whether the groups are there, rather than cut into what has none."""
        return (
            self.silhouette >= SILHOUETTE_MIN
            and self.silhouette >= self.chance + MARGIN
            and self.stability >= STABILITY_MIN
        )


def clustering_of(columns: Sequence[Column], minimum_share: float, seed: int) -> Clustering | None:
    """The best clustering by these columns; None when there is too little to look at.

    Groups smaller than `minimum_share` of the customers, or than SHARE_MIN, do not count as found.
    """
    points = np.column_stack([column.compared for column in columns]) if columns else np.zeros((0, 0))
    if len(points) < CUSTOMERS_MIN or not points.shape[1]:
        return None
    from threadpoolctl import threadpool_limits

    # Threads wait for each other longer than they work on so little, and the server works beside them.
    with threadpool_limits(1):
        return _best(points, max(SHARE_MIN, minimum_share), seed)


def _best(points: Numbers, smallest: float, seed: int) -> Clustering | None:
    best: tuple[float, int, np.ndarray] | None = None
    for count in range(2, GROUPS_MAX + 1):
        labels = _fitted(points, count, seed).predict(points)
        shares = np.bincount(labels, minlength=count) / len(points)
        silhouette = _silhouette(points, labels, seed)
        if shares.min() >= smallest and (best is None or silhouette > best[0]):
            best = silhouette, count, labels
    if best is None:
        return None
    silhouette, count, labels = best
    if silhouette < SILHOUETTE_MIN:
        return Clustering(labels, count, silhouette, 0.0, 0.0)
    chance = max(_silhouette_of(reference, count, seed) for reference in _without_groups(points, seed))
    return Clustering(labels, count, silhouette, chance, _stability(points, labels, count, seed))


def _fitted(points: Numbers, count: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    chosen = points
    if len(points) > FITTED_MAX:
        chosen = points[np.random.default_rng(seed).choice(len(points), FITTED_MAX, replace=False)]
    return KMeans(n_clusters=count, n_init=4, random_state=seed).fit(chosen)


def _silhouette(points: Numbers, labels: np.ndarray, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    chosen = np.arange(len(points))
    if len(points) > COMPARED_MAX:
        chosen = np.random.default_rng(seed).choice(len(points), COMPARED_MAX, replace=False)
    if len(np.unique(labels[chosen])) < 2:
        return 0.0
    return float(silhouette_score(points[chosen], labels[chosen]))


def _silhouette_of(points: Numbers, count: int, seed: int) -> float:
    return _silhouette(points, _fitted(points, count, seed).predict(points), seed)


def _without_groups(points: Numbers, seed: int) -> list[Numbers]:
    """Data like these that have no groups.

    Some with each column shuffled by itself: each number is as it is, but none goes with another. Some from
    one normal distribution of the same covariance: numbers go together, but there is one group.
    """
    random = np.random.default_rng(seed)
    size = min(len(points), COMPARED_MAX)
    spread = np.atleast_2d(np.cov(points, rowvar=False))
    shuffled = [np.column_stack([random.permutation(column) for column in points.T])[:size] for _ in range(REFERENCES)]
    normal = [random.multivariate_normal(points.mean(axis=0), spread, size) for _ in range(REFERENCES)]
    return [*shuffled, *normal]


def _stability(points: Numbers, labels: np.ndarray, count: int, seed: int) -> float:
    """How alike the groups are that 70 % of the customers give: the mean adjusted Rand index, not below 0."""
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(seed)
    size = min(int(RESAMPLE_SHARE * len(points)), FITTED_MAX)
    scores = []
    for number in range(RESAMPLES):
        some = random.choice(len(points), size, replace=False)
        found = _fitted(points[some], count, seed + number + 1).predict(points)
        scores.append(adjusted_rand_score(labels, found))
    return max(0.0, float(np.mean(scores)))
