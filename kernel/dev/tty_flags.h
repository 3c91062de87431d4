// SPDX-License-Identifier: Apache-2.0
/*
 * tty_flags.h - the bits and bytes of struct termios, and the terminal's ioctl numbers.
 */
#ifndef KERNEL_DEV_TTY_FLAGS_H
#define KERNEL_DEV_TTY_FLAGS_H

enum { /* c_iflag */
	INLCR = 0100, IGNCR = 0200, ICRNL = 0400, IUTF8 = 040000,
};
enum { /* c_oflag */
	OPOST = 1, ONLCR = 4,
};
enum { /* c_cflag */
	B38400 = 017, CS8 = 060, CREAD = 0200, HUPCL = 02000,
};
enum { /* c_lflag */
	ISIG = 1, ICANON = 2, ECHO = 010, ECHOE = 020, ECHOK = 040, ECHONL = 0100, NOFLSH = 0200,
	TOSTOP = 0400, ECHOCTL = 01000, ECHOKE = 04000, IEXTEN = 0100000,
};
enum { /* c_cc */
	VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSTART = 8,
	VSTOP = 9, VSUSP = 10, VEOL = 11, VWERASE = 14, VLNEXT = 15, VEOL2 = 16,
};
enum {
	TCGETS = 0x5401,
	TCSETS = 0x5402,
	TCSETSW = 0x5403,
	TCSETSF = 0x5404,
	TCSBRK = 0x5409,
	TCXONC = 0x540a,
	TCFLSH = 0x540b,
	TIOCSCTTY = 0x540e,
	TIOCGPGRP = 0x540f,
	TIOCSPGRP = 0x5410,
	TIOCOUTQ = 0x5411,
	TIOCGWINSZ = 0x5413,
	TIOCSWINSZ = 0x5414,
	FIONREAD = 0x541b,
	TIOCNOTTY = 0x5422,
	TCSBRKP = 0x5425,
	TIOCGSID = 0x5429,
	TCIFLUSH = 0,
	TCOFLUSH = 1,
	TCIOFLUSH = 2,
};

#endif
