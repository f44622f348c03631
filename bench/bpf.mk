# Objects of eBPF from all *.c of a folder, into its build/. Needs clang-14 and libbpf-dev (Debian 12).
CLANG = clang-14
MACHINE = $(shell uname -m)
CFLAGS = -O2 -g -Wall -Wextra -Werror
override CFLAGS += -target bpf -MMD -I/usr/include/$(MACHINE)-linux-gnu
BUILD = build
OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard *.c))

all: $(OBJECTS)

$(BUILD)/%.o: %.c | $(BUILD)
	$(CLANG) $(CFLAGS) -c -o $@ $<

$(BUILD):
	mkdir -p $@

clean:
	rm -rf $(BUILD)

.PHONY: all clean
-include $(OBJECTS:.o=.d)
