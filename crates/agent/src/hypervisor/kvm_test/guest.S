# The test guest: firmware that does what every real guest does soon after its start, and then says so.
#   real mode -> protected mode; a software interrupt and its return; three timer interrupts;
#   paging and long mode; a number to port 0xf4, at which QEMU's isa-debug-exit ends QEMU.
# Made to be the last bytes of a 64 KiB firmware image, which the machine sees below 1 MiB and below 4 GiB:
#   as --32 guest.S -o guest.o && ld -m elf_i386 -Ttext 0xf0000 --oformat binary guest.o -o guest.bin
    .equ COUNTER, 0x6000
    .equ IDT, 0x1000
    .equ PML4, 0x2000
    .equ PDPT, 0x3000
    .equ PD, 0x4000
    .globl _start
    .code16
_start:
    cli
    lgdtl %cs:(gdtr - _start)
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $8, $protected

    .code32
protected:
    mov $16, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7000, %esp
    movl $0, COUNTER
    # one gate, for interrupt 0x20, which is also the timer's
    mov $handler, %eax
    mov %eax, %edx
    and $0xffff, %eax
    or $(8 << 16), %eax
    mov %eax, IDT + 0x20 * 8
    and $0xffff0000, %edx
    or $0x8e00, %edx
    mov %edx, IDT + 0x20 * 8 + 4
    lidt idtr
    int $0x20
    # interrupt controller: vectors from 0x20, only the timer
    mov $0x11, %al
    out %al, $0x20
    mov $0x20, %al
    out %al, $0x21
    mov $0x04, %al
    out %al, $0x21
    mov $0x01, %al
    out %al, $0x21
    mov $0xfe, %al
    out %al, $0x21
    # timer: every 4096 ticks, 3.4 ms
    mov $0x34, %al
    out %al, $0x43
    mov $0x00, %al
    out %al, $0x40
    mov $0x10, %al
    out %al, $0x40
    # local APIC: on, and passing the interrupt controller's line through
    movl $0x1ff, 0xfee000f0
    movl $0x700, 0xfee00350
    sti
1:  hlt
    cmpl $4, COUNTER
    jb 1b
    cli
    # paging: the first 2 MiB, where they are
    movl $(PDPT + 3), PML4
    movl $0, PML4 + 4
    movl $(PD + 3), PDPT
    movl $0, PDPT + 4
    movl $0x83, PD
    movl $0, PD + 4
    mov %cr4, %eax
    or $0x20, %eax
    mov %eax, %cr4
    mov $PML4, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x100, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80000000, %eax
    mov %eax, %cr0
    ljmp $24, $long

handler:
    push %eax
    incl COUNTER
    mov $0x20, %al
    out %al, $0x20
    pop %eax
    iret

    .code32 # the same bytes in long mode
long:
    mov $0x10, %al
    out %al, $0xf4
2:  hlt
    jmp 2b

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff   # 8: code, 32 bits
    .quad 0x00cf92000000ffff   # 16: data
    .quad 0x00af9a000000ffff   # 24: code, 64 bits
gdtr:
    .word gdtr - gdt - 1
    .long gdt
idtr:
    .word 0x21 * 8 - 1
    .long IDT
