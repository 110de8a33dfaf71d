package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.bench.RequestSeries;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The options of {@code bench}, taken and held against each other. Used once. */
final class BenchArguments {

  static final OptionTable OPTIONS =
      OptionTable.of(
          Option.value('c', "count", "N", "how many requests, 75000"),
          Option.value('d', "depth", "N", "how many are under way at once, 64"),
          ImageAccess.FORMAT,
          ImageAccess.IMAGE_OPTS,
          Option.value("flush-interval", "N", "with -w, flush after so many requests"),
          Option.value('i', "aio", "AIO", "threads, native or io_uring; has no effect"),
          Option.flag('n', "native", "accepted; has no effect"),
          Option.flag("no-drain", "flush while requests are under way"),
          Option.value('o', "offset", "OFFSET", "where to begin, 0"),
          Option.value("pattern", "BYTE", "what to write, 0"),
          Option.value('s', "buffer-size", "SIZE", "how long a request is, 4096"),
          Option.value('S', "step-size", "SIZE", "how far apart requests are, as long as they are"),
          Option.value('t', "cache", "CACHE", "writethrough and directsync flush each write"),
          Option.flag('w', "write", "write, and so destroy what the image holds"),
          ImageAccess.FORCE_SHARE,
          ImageAccess.QUIET,
          ImageAccess.OBJECT,
          ImageAccess.REFERENCES,
          ImageAccess.MAX_CHAIN,
          ImageAccess.MAX_SIZE);

  private static final Set<String> AIO = Set.of("threads", "native", "io_uring");
  private static final int MAX_BYTE = 255;

  private final ImageAccess access;
  private @Nullable String format;
  private int count = 75000;
  private int depth = 64;
  private int flushInterval;
  private long offset;
  private int pattern;
  private int bufferBytes = 4096;
  private int stepBytes;
  private boolean draining = true;
  private boolean writing;
  private boolean flushingEach;
  private boolean nativeAio;
  private boolean direct;

  BenchArguments(ImageAccess access) {
    this.access = access;
  }

  void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "count" -> count = number(value, "request count");
      case "depth" -> depth = number(value, "queue depth");
      case "format" -> format = value;
      case "flush-interval" -> flushInterval = number(value, "flush interval");
      case "aio" -> {
        if (!AIO.contains(value)) {
          throw UsageException.wrongValue("Invalid aio option: " + value);
        }
        nativeAio = value.equals("native");
      }
      case "native" -> nativeAio = true;
      case "quiet" -> {}
      case "no-drain" -> draining = false;
      case "offset" -> offset = SizeText.parse("offset", value);
      case "pattern" -> {
        pattern = number(value, "pattern byte");
        if (pattern > MAX_BYTE) {
          throw invalid("pattern byte");
        }
      }
      case "buffer-size" ->
          bufferBytes = (int) SizeText.parse("buffer size", value, Integer.MAX_VALUE);
      case "step-size" -> stepBytes = (int) SizeText.parse("step_size", value, Integer.MAX_VALUE);
      case "cache" -> {
        if (!ImageAccess.isCacheMode(value)) {
          throw UsageException.wrongValue("Invalid cache mode");
        }
        direct = value.equals("none") || value.equals("off") || value.equals("directsync");
        flushingEach = value.equals("writethrough") || value.equals("directsync");
      }
      case "write" -> writing = true;
      default -> access.accept(option, value);
    }
  }

  /** The requests wanted. */
  RequestSeries series() throws UsageException {
    if (!writing && flushInterval > 0) {
      throw UsageException.wrongValue("--flush-interval is only available in write tests");
    }
    if (flushInterval > 0 && flushInterval < depth) {
      throw UsageException.wrongValue("Flush interval can't be smaller than depth");
    }
    if (depth < 1 || depth > RequestSeries.MAX_DEPTH) {
      throw invalid("queue depth");
    }
    int step = stepBytes == 0 ? bufferBytes : stepBytes;
    return new RequestSeries(count, depth, offset, bufferBytes, step, action());
  }

  private RequestSeries.Action action() {
    if (!writing) {
      return new RequestSeries.Reading();
    }
    return flushingEach
        ? new RequestSeries.Writing((byte) pattern, 1, false)
        : new RequestSeries.Writing((byte) pattern, flushInterval, draining);
  }

  /** What speaks against opening an image like that, or null. */
  @Nullable String contradiction() {
    return nativeAio && !direct
        ? "aio=native was specified, but it requires cache.direct=on, which was not specified."
        : null;
  }

  @Nullable String format() {
    return format;
  }

  boolean writing() {
    return writing;
  }

  /** The interval that was asked for, 0 for none. */
  int flushInterval() {
    return flushInterval;
  }

  private static int number(String text, String what) throws UsageException {
    try {
      int number = Integer.decode(text.stripLeading());
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below, for all that is no such number.
    }
    throw invalid(what);
  }

  private static UsageException invalid(String what) {
    return UsageException.wrongValue("Invalid " + what + " specified");
  }
}
