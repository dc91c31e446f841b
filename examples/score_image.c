/* examples/score_image.c: scores image files with the C interface: score, verdict, regions. */
#include <rd4ad/rd4ad.h>
#include <stdio.h>

static int failed(const char* what) {
    fprintf(stderr, "score_image: %s: %s\n", what, rd4ad_last_error());
    return 1;
}

int main(int count, char** words) {
    if (count < 3) {
        fputs("usage: score_image CHECKPOINT IMAGE...\n", stderr);
        return 2;
    }
    rd4ad_detector* detector = NULL;
    if (rd4ad_detector_open(words[1], NULL, NULL, &detector) != RD4AD_OK) return failed(words[1]);
    int status = 0;
    for (int i = 2; i < count && status == 0; ++i) {
        rd4ad_result* result = NULL;
        if (rd4ad_detector_score_file(detector, words[i], &result) != RD4AD_OK) {
            status = failed(words[i]);
            break;
        }
        rd4ad_result_facts found = {.struct_size = sizeof found};
        if (rd4ad_result_describe(result, &found) != RD4AD_OK) status = failed(words[i]);
        printf("%s: raw score %.3f", words[i], (double)found.raw_score);
        if (found.has_score) printf(", score %.3f, %s", found.score, found.is_anomalous == 1 ? "anomalous" : "good");
        printf("\n");
        for (size_t region = 0; region < found.region_count; ++region) {
            rd4ad_region at = {.struct_size = sizeof at};
            if (rd4ad_result_region(result, region, &at) == RD4AD_OK)
                printf("  region at %.0f, %.0f of %.0f x %.0f pixels, score %.3f\n", at.x, at.y, at.width, at.height, at.score);
        }
        rd4ad_result_free(result);
    }
    rd4ad_detector_free(detector);
    return status;
}
