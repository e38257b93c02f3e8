/* Logistic loss and gradient of rows of two features, in one loop, as one writes it by hand.
   gcc -O3 -march=native -ffast-math makes vectors of it, with libmvec's exp and log. */
#include <math.h>

void logistic(long n, const double *restrict w, double b, const double *restrict X, const double *restrict y,
              double *restrict value, double *restrict dw, double *restrict db) {
    double loss = 0, d0 = 0, d1 = 0, d = 0;
    for (long i = 0; i < n; i++) {
        double h = 1 / (1 + exp(-(X[2 * i] * w[0] + X[2 * i + 1] * w[1] + b)));
        double z = h - y[i];
        loss -= y[i] * log(h) + (1 - y[i]) * log(1 - h);
        d0 += z * X[2 * i];
        d1 += z * X[2 * i + 1];
        d += z;
    }
    *value = loss / n;
    dw[0] = d0 / n;
    dw[1] = d1 / n;
    *db = d / n;
}
