#pragma once
// Completion scripts, made of the commands as the program itself knows them.

#include <string>

#include <CLI/App.hpp>

namespace hearth::cli {

/// The script for bash, zsh or fish on standard output; 2 for another shell.
int completion(const CLI::App& hearth, const std::string& shell);

}  // namespace hearth::cli
