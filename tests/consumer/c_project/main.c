/* A C program on the installed library: a failure comes as a status and a text. */
#include <rd4ad/rd4ad.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    rd4ad_detector* detector = NULL;
    const rd4ad_status status = rd4ad_detector_open("absent.safetensors", NULL, NULL, &detector);
    printf("rd4ad %s, ABI %d, backends %s: %s, %s\n", rd4ad_version(), (int)rd4ad_abi(), rd4ad_backends(),
           rd4ad_status_name(status), rd4ad_last_error());
    return rd4ad_abi() == RD4AD_C_ABI && status == RD4AD_ERROR_IO && strstr(rd4ad_last_error(), "absent.safetensors") ? 0 : 1;
}
