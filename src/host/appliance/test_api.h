#pragma once
// What the tests of the API share: a box, and the device that claims it.

#include <string>

#include <gtest/gtest.h>

#include "test_box.h"

namespace hearth::appliance {

class ApiTest : public testing::Test {
 protected:
  TestBox box;
  TestClient anna{box, 1};

  std::string code() { return box.api->setup_code()->to_string(); }
  Reply claim() { return anna.set_up(code(), "anna", "correct horse"); }
};

}  // namespace hearth::appliance
