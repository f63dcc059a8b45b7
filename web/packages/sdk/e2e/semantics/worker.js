importScripts("/cases.js");
