package io.github.qcow4j.nativeio;

final class PanamaHostTest extends HostContract {

  @Override
  protected String provider() {
    return "panama";
  }
}
