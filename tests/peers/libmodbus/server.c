/* A libmodbus server for the tests: prints its port, then answers until its input ends.
 * Build: gcc server.c -o server $(pkg-config --cflags --libs libmodbus) */
#include <arpa/inet.h>
#include <modbus.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(16, 16, 64, 16);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int place, length, listener = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (!context || !map || bind(listener, (struct sockaddr *)&address, size) ||
        listen(listener, 4))
        return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    for (place = 0; place < 64; place++) map->tab_registers[place] = 1000 + place;
    for (place = 0; place < 16; place++) map->tab_input_registers[place] = 2000 + place;
    map->tab_bits[0] = map->tab_input_bits[3] = 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        if (modbus_tcp_accept(context, &listener) < 0) return 1;
        while ((length = modbus_receive(context, query)) >= 0)
            if (length > 0) modbus_reply(context, query, length, map);
        close(modbus_get_socket(context));
    }
}
